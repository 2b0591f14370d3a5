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
        private float[] _slice = System.Array.Empty<float>();
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

        /// <summary>In slices of 10 ms; what is left over waits for the next frame.</summary>
        private void SendWhatWasRecorded(AudioClip clip, MicrophoneUplink uplink)
        {
            int frames = clip.frequency / 100;
            if (_slice.Length != frames * clip.channels) _slice = new float[frames * clip.channels];
            int written = Microphone.GetPosition(device == "" ? null : device);
            for (int left = (written - _read + clip.samples) % clip.samples; left >= frames; left -= frames)
            {
                clip.GetData(_slice, _read); // wraps around at the end of the ring by itself
                uplink.Write(_slice, frames, clip.channels);
                _read = (_read + frames) % clip.samples;
            }
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
