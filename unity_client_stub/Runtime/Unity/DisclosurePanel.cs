#nullable enable
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// The plainest way to show the disclosure and ask for consents: a window with two buttons, drawn without any UI
    /// package. For a headset make your own (a world-space canvas) with the same three calls: show the text of
    /// `disclosureNeeded`, SetConsents, AcknowledgeDisclosure.
    /// </summary>
    [AddComponentMenu("Stagedoor/Disclosure Panel")]
    public sealed class DisclosurePanel : MonoBehaviour
    {
        [Tooltip("Found among the parents when empty.")]
        public StagedoorAvatar? avatar;

        private bool _memory;
        private bool _recording;
        private bool _emotions;

        private void OnEnable()
        {
            if (avatar == null) avatar = GetComponentInParent<StagedoorAvatar>();
        }

        private void OnGUI()
        {
            if (avatar == null || avatar.State != ClientState.Disclosing || avatar.Client?.Welcome == null) return;
            Welcome welcome = avatar.Client.Welcome;
            float width = Mathf.Min(480, Screen.width - 40);
            var area = new Rect((Screen.width - width) / 2, Screen.height * 0.25f, width, Screen.height * 0.6f);
            GUILayout.BeginArea(area, welcome.Persona.Name, GUI.skin.window);
            GUILayout.Label(welcome.Disclosure);
            GUILayout.Space(12);
            _recording = GUILayout.Toggle(_recording, " Keep a recording of this visit, for me and for its creator");
            _memory = GUILayout.Toggle(_memory, $" {welcome.Persona.Name} may remember me next time");
            _emotions = GUILayout.Toggle(_emotions, " Listen to how my voice sounds");
            GUILayout.Space(12);
            if (GUILayout.Button("I understand, let us talk")) Agree(avatar);
            if (GUILayout.Button("No, thank you")) avatar.Leave();
            GUILayout.EndArea();
        }

        private void Agree(StagedoorAvatar talked)
        {
            talked.SetConsents(new Consents { Memory = _memory, Recording = _recording, EmotionSensing = _emotions });
            talked.AcknowledgeDisclosure();
        }
    }
}
