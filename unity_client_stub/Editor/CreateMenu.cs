#nullable enable
using UnityEditor;
using UnityEngine;

namespace Stagedoor.Editor
{
    /// <summary>GameObject > Stagedoor > Avatar: everything that a talking character needs, on the selected model.</summary>
    public static class CreateMenu
    {
        private const float MouthHeightM = 1.55f;

        [MenuItem("GameObject/Stagedoor/Avatar", false, 10)]
        public static void CreateAvatar(MenuCommand command)
        {
            var chosen = command.context as GameObject;
            GameObject avatar = chosen != null ? chosen : new GameObject("Stagedoor Avatar");
            if (chosen == null) Undo.RegisterCreatedObjectUndo(avatar, "Create Stagedoor Avatar");
            Add<StagedoorAvatar>(avatar);
            Add<StagedoorMicrophone>(avatar);
            Add<DisclosurePanel>(avatar);
            Add<BlendshapeFace>(avatar);
            Add<HeadAndEyes>(avatar);
            AddVoice(avatar);
            Selection.activeGameObject = avatar;
        }

        private static void Add<T>(GameObject to) where T : Component
        {
            if (to.GetComponent<T>() == null) Undo.AddComponent<T>(to);
        }

        private static void AddVoice(GameObject avatar)
        {
            if (avatar.GetComponentInChildren<StagedoorSpeaker>() != null) return;
            var voice = new GameObject("Voice");
            Undo.RegisterCreatedObjectUndo(voice, "Create Stagedoor Avatar");
            voice.transform.SetParent(avatar.transform, false);
            voice.transform.localPosition = new Vector3(0, MouthHeightM, 0);
            AudioSource source = voice.AddComponent<AudioSource>();
            source.spatialBlend = 1;
            source.playOnAwake = false;
            voice.AddComponent<StagedoorSpeaker>();
        }
    }
}
