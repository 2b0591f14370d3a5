#nullable enable
using System;
using System.Diagnostics;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// The avatar in your scene: connects, and drives the speaker, the face and the microphone beside it. Start here.
    /// Everything that happens is an event; everything that a person may do is a method.
    /// </summary>
    [AddComponentMenu("Stagedoor/Stagedoor Avatar")]
    [DisallowMultipleComponent]
    public sealed class StagedoorAvatar : MonoBehaviour
    {
        [Header("Server")]
        [Tooltip("ws://host:8700/ws, or wss:// for a server behind TLS.")]
        public string address = "ws://127.0.0.1:8700/ws";

        [Tooltip("The join token, where the server asks for one. Better set by a script than saved in a scene.")]
        public string token = "";

        [Tooltip("JSON instead of MessagePack: a third larger, and readable in a network trace.")]
        public bool useJson;

        [Header("Fan")]
        [Tooltip("What the avatar may call the fan. Empty for nothing.")]
        public string fanName = "";

        [Tooltip("en, pt-BR, ... or auto.")]
        public string language = "en";

        [Tooltip("All off until the person has said yes. May be changed at any time with SetConsents.")]
        public Consents consents = new Consents();

        [Header("Behaviour")]
        [Tooltip("arkit52 for ARKit and VRoid \"perfect sync\" faces, vrm for VRM 1.0, oculus15 for visemes, none for voice only.")]
        public string faceFormat = "arkit52";

        public bool connectOnStart = true;

        [Tooltip("The fan's head (the XR camera). When set, the avatar's eyes and head follow it.")]
        public Transform? fanHead;

        [Header("Events")]
        public AvatarEvents events = new AvatarEvents();

        private AvatarClient? _client;
        private StagedoorSpeaker? _speaker;
        private AvatarFace[] _faces = Array.Empty<AvatarFace>();

        /// <summary>Seconds on a clock that never jumps, the same on every thread.</summary>
        public static double NowS => (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency;

        /// <summary>The visit; null before Connect.</summary>
        public AvatarClient? Client => _client;

        public ClientState State => _client?.State ?? ClientState.Closed;

        /// <summary>Where the time of the latest turn went; null before the first.</summary>
        public TurnReport? LatestReport { get; private set; }

        private void Start()
        {
            if (connectOnStart) Connect();
        }

        private void OnDestroy() => Leave();

        private void OnApplicationQuit() => Leave();

        private void Update()
        {
            if (_client == null) return;
            if (fanHead != null) TellWhereTheFanIs(fanHead);
            _client.Tick(NowS);
        }

        /// <summary>After animations, so that they do not overwrite the face.</summary>
        private void LateUpdate()
        {
            Conversation? talk = _client?.Conversation;
            if (talk == null) return;
            foreach (AvatarFace face in _faces) face.Show(talk.Face);
        }

        /// <summary>Begins a visit with the settings as they are now.</summary>
        public void Connect()
        {
            if (State != ClientState.Closed) return;
            Forget();
            _speaker = GetComponentInChildren<StagedoorSpeaker>();
            _faces = GetComponentsInChildren<AvatarFace>();
            if (_speaker != null) _speaker.DeviceChanged += UseNewDevice;
            else UnityEngine.Debug.LogWarning("Stagedoor: no StagedoorSpeaker below this avatar, so it stays silent.", this);
            _client = new AvatarClient(Options(), Transports.Make);
            Wire(_client);
            _client.Connect(NowS);
        }

        /// <summary>
        /// The person has read or heard the disclosure and said that they understand. Call it from their click, never by
        /// yourself: until then no sound of theirs leaves this machine.
        /// </summary>
        public void AcknowledgeDisclosure() => _client?.AcknowledgeDisclosure();

        /// <summary>A typed turn.</summary>
        public void SendText(string text) => _client?.SendText(text);

        /// <summary>Stops the reply that sounds.</summary>
        public void Interrupt() => _client?.Interrupt();

        public void SetConsents(Consents changed)
        {
            consents = changed;
            _client?.SetConsents(changed);
        }

        /// <summary>Says goodbye and closes.</summary>
        public void Leave()
        {
            _client?.Leave();
            Forget();
        }

        private void Forget()
        {
            _client?.Dispose();
            _client = null;
            if (_speaker == null) return;
            _speaker.Play(null);
            _speaker.DeviceChanged -= UseNewDevice;
            _speaker = null;
        }

        private void UseNewDevice()
        {
            _client?.UseDevice(AudioSettings.outputSampleRate);
            if (_client?.Conversation != null) Play(_client.Conversation);
        }

        private void Play(Conversation talk)
        {
            if (_speaker == null) return;
            talk.OutputLatencyS = _speaker.LatencyS;
            _speaker.Play(talk.Speaker);
        }

        private ClientOptions Options() => new ClientOptions
        {
            Address = new Uri(address),
            Token = token,
            Name = fanName,
            Language = language,
            Face = faceFormat,
            Consents = consents,
            Subprotocol = useJson ? Codec.JsonProtocol : Codec.MsgPackProtocol,
            DeviceRateHz = AudioSettings.outputSampleRate,
            Client = $"stagedoor-unity/0.1 {Application.platform}",
        };

        private void Wire(AvatarClient client)
        {
            client.StateChanged += state => events.stateChanged.Invoke(state.ToString());
            client.DisclosureNeeded += welcome => events.disclosureNeeded.Invoke(welcome.Disclosure);
            client.ConversationBegan += Begin;
            client.TranscriptReceived += transcript =>
                (transcript.Final ? events.fanSaid : events.fanIsSaying).Invoke(transcript.Text);
            client.TurnReported += report => LatestReport = report;
            client.NoticeReceived += notice => events.noticed.Invoke(notice.Text);
            client.ErrorReceived += error => events.wentWrong.Invoke(error.Code, error.Text);
            client.Ended += (code, reason) => events.ended.Invoke(reason);
        }

        private void Begin(Conversation talk)
        {
            foreach (AvatarFace face in _faces) face.Bind(talk.Face.Names);
            Play(talk);
            talk.Cues.WordHeard += word => events.wordHeard.Invoke(word.Text);
            talk.Cues.GestureBegan += gesture => events.gestureBegan.Invoke(gesture.Name);
            talk.Cues.EmotionBegan += emotion =>
                events.emotionBegan.Invoke(emotion.Category, (float)emotion.Valence, (float)emotion.Arousal);
            talk.ReplyEnded += replyId => events.replyEnded.Invoke();
        }

        /// <summary>Unity's x points to the avatar's right, the protocol's to its left.</summary>
        private void TellWhereTheFanIs(Transform head)
        {
            Vector3 local = transform.InverseTransformPoint(head.position);
            _client!.SetFanPose(-local.x, local.y, local.z);
        }
    }
}
