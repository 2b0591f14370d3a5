#nullable enable
using UnityEngine;

namespace Stagedoor.Samples
{
    /// <summary>
    /// Put it on an empty object and press Play: it builds a head, a voice, a microphone and a camera, and connects. Read
    /// it as the shortest list of what a talking character needs.
    /// </summary>
    public sealed class TalkingHead : MonoBehaviour
    {
        public string address = "ws://127.0.0.1:8700/ws";

        private StagedoorAvatar _avatar = null!;
        private string _typed = "";
        private string _fanSaid = "";
        private string _avatarSaid = "";
        private string _status = "";

        private void Awake()
        {
            gameObject.SetActive(false); // components below must not start before they are set up
            gameObject.AddComponent<SphereHead>();
            AddVoice();
            gameObject.AddComponent<StagedoorMicrophone>();
            gameObject.AddComponent<DisclosurePanel>();
            _avatar = gameObject.AddComponent<StagedoorAvatar>();
            _avatar.address = address;
            Listen(_avatar.events);
            LookAtIt();
            gameObject.SetActive(true);
        }

        private void AddVoice()
        {
            var voice = new GameObject("Voice");
            voice.transform.SetParent(transform, false);
            voice.AddComponent<AudioSource>();
            voice.AddComponent<StagedoorSpeaker>();
        }

        private void Listen(AvatarEvents events)
        {
            events.stateChanged.AddListener(state => _status = state);
            events.fanIsSaying.AddListener(text => _fanSaid = text + " ...");
            events.fanSaid.AddListener(text => (_fanSaid, _avatarSaid) = (text, ""));
            events.wordHeard.AddListener(word => _avatarSaid += word + " ");
            events.wentWrong.AddListener((code, message) => _status = $"{code}: {message}");
            events.ended.AddListener(reason => _status = $"Over: {reason}");
        }

        private void LookAtIt()
        {
            if (Camera.main != null) return;
            var camera = new GameObject("Camera", typeof(Camera), typeof(AudioListener)) { tag = "MainCamera" };
            camera.transform.position = transform.position + transform.forward * 2.2f;
            camera.transform.LookAt(transform);
            var sun = new GameObject("Light", typeof(Light));
            sun.GetComponent<Light>().type = LightType.Directional;
            sun.transform.rotation = camera.transform.rotation * Quaternion.Euler(30, 20, 0);
        }

        private void OnGUI()
        {
            var area = new Rect(20, Screen.height - 130, Screen.width - 40, 110);
            GUILayout.BeginArea(area);
            GUILayout.Label($"{_status}");
            GUILayout.Label($"You: {_fanSaid}");
            GUILayout.Label($"Avatar: {_avatarSaid}");
            GUILayout.BeginHorizontal();
            _typed = GUILayout.TextField(_typed);
            if (GUILayout.Button("Say", GUILayout.Width(60)) && _typed != "")
            {
                _avatar.SendText(_typed);
                _typed = "";
            }
            if (GUILayout.Button("Stop", GUILayout.Width(60))) _avatar.Interrupt();
            GUILayout.EndHorizontal();
            GUILayout.EndArea();
        }
    }
}
