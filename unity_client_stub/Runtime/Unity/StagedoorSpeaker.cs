#nullable enable
using System;
using System.Threading;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// The avatar's voice. Put it beside an AudioSource where the mouth is; volume, spatial blend and effects of the
    /// AudioSource work as always: it plays a constant 1, which Unity pans and attenuates, and the voice is multiplied
    /// with what arrives. The voice itself is read on the audio thread, so a slow frame does not interrupt it.
    /// </summary>
    [AddComponentMenu("Stagedoor/Stagedoor Speaker")]
    [RequireComponent(typeof(AudioSource))]
    public sealed class StagedoorSpeaker : MonoBehaviour
    {
        [Tooltip("Added to Unity's own buffers: the way through the system and, with Bluetooth, the air. Delays the face.")]
        [Range(0, 400)]
        public float extraLatencyMs = 20;

        private AudioSource? _source;
        private AudioClip? _ones;
        private SpeakerFeed? _feed; // read by the audio thread

        /// <summary>How long a sample is on its way to the ear.</summary>
        public double LatencyS
        {
            get
            {
                AudioSettings.GetDSPBufferSize(out int frames, out int buffers);
                return (double)frames * buffers / AudioSettings.outputSampleRate + extraLatencyMs / 1000;
            }
        }

        /// <summary>Headphones came or went: the rate may be another now.</summary>
        public event Action? DeviceChanged;

        /// <summary>From now on this is heard; null for silence.</summary>
        public void Play(SpeakerFeed? feed) => Volatile.Write(ref _feed, feed);

        private void OnEnable()
        {
            AudioSettings.OnAudioConfigurationChanged += OnDeviceChanged;
            Begin();
        }

        private void OnDisable()
        {
            AudioSettings.OnAudioConfigurationChanged -= OnDeviceChanged;
            End();
        }

        /// <summary>Unity stops every source then; a new clip at the new rate goes on.</summary>
        private void OnDeviceChanged(bool deviceWasChanged)
        {
            End();
            DeviceChanged?.Invoke();
            Begin();
        }

        private void Begin()
        {
            int rate = AudioSettings.outputSampleRate;
            var ones = new float[rate];
            for (int i = 0; i < ones.Length; i++) ones[i] = 1;
            _ones = AudioClip.Create("Stagedoor voice", rate, 1, rate, false);
            _ones.SetData(ones, 0);
            _source = GetComponent<AudioSource>();
            _source.clip = _ones;
            _source.loop = true;
            _source.Play();
        }

        private void End()
        {
            if (_source != null) _source.Stop();
            if (_ones != null) Destroy(_ones);
        }

        /// <summary>Called by Unity on the audio thread.</summary>
        private void OnAudioFilterRead(float[] data, int channels)
        {
            SpeakerFeed? feed = Volatile.Read(ref _feed);
            if (feed == null) Array.Clear(data, 0, data.Length);
            else feed.Fill(data, channels, StagedoorAvatar.NowS, multiply: true);
        }
    }
}
