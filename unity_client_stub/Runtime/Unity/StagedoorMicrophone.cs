#nullable enable
using System.Collections;
using UnityEngine;
#if UNITY_ANDROID && !UNITY_EDITOR
using UnityEngine.Android;
#endif

namespace Stagedoor
{
    /// <summary>
    /// The fan's voice: records while the conversation is open, and nothing before the disclosure was acknowledged.
    /// Unity has no echo cancellation: without headphones the avatar would hear itself, so by default the microphone is
    /// muted while it speaks. With headphones turn that off, and the fan can interrupt.
    /// </summary>
    [AddComponentMenu("Stagedoor/Stagedoor Microphone")]
    public sealed class StagedoorMicrophone : MonoBehaviour
    {
        [Tooltip("Found among the parents when empty.")]
        public StagedoorAvatar? avatar;

        [Tooltip("Empty for the system's own choice.")]
        public string device = "";

        [Tooltip("Without headphones: on. With headphones: off, so that the fan can interrupt.")]
        public bool muteWhileAvatarSpeaks = true;

        [Tooltip("Sends silence; the server needs silence to know that a sentence is over.")]
        public bool muted;

        private AudioClip? _clip;
        private MicrophoneUplink? _uplink;

        /// <summary>The loudest sample of what was sent last, 0 to 1, for a level display.</summary>
        public float Level => _uplink?.Level ?? 0;

        public bool IsRecording => _clip != null;

        private void OnEnable()
        {
            if (avatar == null) avatar = GetComponentInParent<StagedoorAvatar>();
        }

        private void OnDisable() => StopRecording();

#if !UNITY_WEBGL || UNITY_EDITOR
        private const int ClipS = 2;
        private float[] _samples = System.Array.Empty<float>();
        private int _read;
        private bool _isAsking;

        private void Update()
        {
            AvatarClient? client = avatar == null ? null : avatar.Client;
            bool mayRecord = client != null && client.CanSpeak;
            if (mayRecord && _clip == null && !_isAsking) StartCoroutine(StartRecording(client!));
            else if (client == null || client.State == ClientState.Closed) StopRecording();
            if (_clip == null || _uplink == null || client == null) return;
            bool isSpeaking = client.Conversation != null && client.Conversation.Heard.IsPlaying;
            _uplink.IsMuted = muted || (muteWhileAvatarSpeaks && isSpeaking);
            SendWhatWasRecorded(_clip, _uplink);
        }

        private IEnumerator StartRecording(AvatarClient client)
        {
            _isAsking = true;
            yield return AskThePerson();
            _isAsking = false;
            if (!Application.HasUserAuthorization(UserAuthorization.Microphone) || Microphone.devices.Length == 0)
            {
                Debug.LogWarning("Stagedoor: no microphone, or it was not allowed. Typing still works.", this);
                enabled = false;
                yield break;
            }
            string? chosen = device == "" ? null : device;
            Microphone.GetDeviceCaps(chosen, out int least, out int most);
            int rate = most == 0 ? 48000 : Mathf.Clamp(48000, least, most);
            _clip = Microphone.Start(chosen, true, ClipS, rate);
            if (_clip == null) yield break;
            _uplink = new MicrophoneUplink(client, _clip.frequency);
            _read = 0;
        }

        private static IEnumerator AskThePerson()
        {
#if UNITY_ANDROID && !UNITY_EDITOR
            if (Permission.HasUserAuthorizedPermission(Permission.Microphone)) yield break;
            Permission.RequestUserPermission(Permission.Microphone);
            float endS = Time.realtimeSinceStartup + 60;
            while (!Permission.HasUserAuthorizedPermission(Permission.Microphone) && Time.realtimeSinceStartup < endS) yield return null;
#else
            yield return Application.RequestUserAuthorization(UserAuthorization.Microphone);
#endif
        }

        private void SendWhatWasRecorded(AudioClip clip, MicrophoneUplink uplink)
        {
            int written = Microphone.GetPosition(device == "" ? null : device);
            int count = (written - _read + clip.samples) % clip.samples;
            if (count == 0) return;
            if (_samples.Length != clip.samples * clip.channels) _samples = new float[clip.samples * clip.channels];
            clip.GetData(_samples, _read); // the whole ring from here on; what is recorded comes first
            uplink.Write(_samples, count, clip.channels);
            _read = written;
        }
#endif

        private void StopRecording()
        {
            _uplink?.Close();
            _uplink = null;
#if !UNITY_WEBGL || UNITY_EDITOR
            if (_clip != null) Microphone.End(device == "" ? null : device);
#endif
            _clip = null;
        }
    }
}
