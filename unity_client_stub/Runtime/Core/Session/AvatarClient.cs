#nullable enable
using System;

namespace Stagedoor
{
    public enum ClientState
    {
        /// <summary>Not connected, and not trying to be.</summary>
        Closed,

        /// <summary>On the way to the server's hello.</summary>
        Connecting,

        /// <summary>Waiting for the person to acknowledge the disclosure: no sound goes out before.</summary>
        Disclosing,

        /// <summary>The conversation.</summary>
        Open,

        /// <summary>The connection was lost; it is tried again after a pause.</summary>
        Away,
    }

    /// <summary>
    /// One fan's visit, from connecting to leaving. Lives on one thread (the game's main thread) and has no clock: call
    /// Tick once a frame with a steady time in seconds. Everything that arrives is told by events, from inside Tick.
    /// </summary>
    public sealed class AvatarClient : IDisposable
    {
        private const double ConnectWaitS = 15;
        private const double FanFaceEveryS = 0.1;

        private readonly ClientOptions _options;
        private readonly Func<ITransport> _makeTransport;
        private readonly Reconnect _reconnect;
        private readonly UplinkPose _pose = new UplinkPose();
        private double _fanFaceAtS = double.NegativeInfinity;
        private Line? _line;
        private double _nowS;
        private double _sinceS; // of the state
        private double _retryAtS;
        private double _lostAtS;
        private string _fatalCode = "";
        private long _audioSeq;

        public AvatarClient(ClientOptions options, Func<ITransport>? makeTransport = null)
        {
            _options = options;
            _makeTransport = makeTransport ?? (() => new SystemWebSocketTransport());
            _reconnect = new Reconnect(options.Seed);
        }

        public ClientState State { get; private set; }

        /// <summary>The server's hello of this visit.</summary>
        public Welcome? Welcome { get; private set; }

        /// <summary>Voice and face; there from the first hello on. Another one when a new visit begins.</summary>
        public Conversation? Conversation { get; private set; }

        /// <summary>There and back again, as the last ping measured it.</summary>
        public double RoundTripMs => _line?.RoundTripMs ?? double.NaN;

        /// <summary>Messages of the server that could not be read.</summary>
        public int Malformed { get; private set; }

        public bool CanSpeak => State == ClientState.Open;

        public event Action<ClientState>? StateChanged;

        /// <summary>Show `Disclosure` to the person; when they have said yes, call AcknowledgeDisclosure.</summary>
        public event Action<Welcome>? DisclosureNeeded;

        /// <summary>A new Conversation is there: wire its speaker, face and cues.</summary>
        public event Action<Conversation>? ConversationBegan;

        public event Action<ReplyChunk>? ReplyReceived;

        public event Action<ReplyCancelled>? ReplyCancelled;

        public event Action<Transcript>? TranscriptReceived;

        public event Action<TurnReport>? TurnReported;

        public event Action<Notice>? NoticeReceived;

        public event Action<ErrorMessage>? ErrorReceived;

        /// <summary>The visit is over for good: close code and reason.</summary>
        public event Action<int, string>? Ended;

        /// <summary>Begins a visit. Nothing happens when one is under way.</summary>
        public void Connect(double nowS)
        {
            if (State != ClientState.Closed) return;
            _nowS = nowS;
            (Welcome, Conversation) = (null, null);
            _reconnect.Succeeded();
            OpenSocket();
        }

        /// <summary>The person was told that they talk with an AI, and has said that they understand.</summary>
        public void AcknowledgeDisclosure()
        {
            if (State != ClientState.Disclosing || !Send(new DisclosureAcknowledged())) return;
            Enter(ClientState.Open);
            _line?.Ping(_nowS);
        }

        /// <summary>Microphone sound as PCM16 in the agreed format. False when it was dropped.</summary>
        public bool SendAudio(byte[] pcm16, double durationMs) =>
            CanSpeak && Send(new AudioChunk { Audio = pcm16, Seq = _audioSeq++ }, durationMs);

        /// <summary>A typed turn. False when it was not sent: too long, empty, or not in conversation.</summary>
        public bool SendText(string text)
        {
            bool fits = text.Length > 0 && text.Length <= (Welcome?.Limits.MaxTextChars ?? 0);
            return CanSpeak && fits && Send(new TextInput { Text = text });
        }

        /// <summary>Stop: silence first, the message after it.</summary>
        public void Interrupt()
        {
            if (!CanSpeak || Conversation == null) return;
            Heard heard = Conversation.Heard;
            if (heard.IsPlaying) Conversation.Cancel(heard.ReplyId, _nowS);
            Send(new Interrupt());
        }

        /// <summary>Replaces all consents at once; works before the disclosure, too.</summary>
        public bool SetConsents(Consents consents)
        {
            _options.Consents = consents;
            return Send(new ConsentChange { Consents = consents });
        }

        /// <summary>The sound device has another rate now: wire Conversation.Speaker anew.</summary>
        public void UseDevice(int rateHz)
        {
            _options.DeviceRateHz = rateHz;
            Conversation?.UseDevice(rateHz);
        }

        /// <summary>Where the fan's head is, in the avatar's space: metres, x to its left, y up, z towards the fan.</summary>
        public void SetFanPose(double x, double y, double z) => _pose.Set(x, y, z);

        /// <summary>
        /// What the fan's own device tells of how they feel: 52 ARKit weights as bytes (or none), their heart rate (or
        /// null). False, and nothing leaves the machine, without the consent EmotionSensing; and more than ten times a
        /// second.
        /// </summary>
        public bool SendFanFace(byte[] weights, double? heartBpm)
        {
            if (!CanSpeak || !_options.Consents.EmotionSensing || _nowS - _fanFaceAtS < FanFaceEveryS) return false;
            _fanFaceAtS = _nowS;
            return Send(new FanFace { Face = weights, HeartBpm = heartBpm });
        }

        /// <summary>Says goodbye and closes. The goodbye goes out even when this client is disposed of at once.</summary>
        public void Leave()
        {
            if (State == ClientState.Closed) return;
            _line?.Leave(_nowS);
            End(1000, "left");
        }

        public void Dispose()
        {
            DropLine();
            State = ClientState.Closed;
        }

        /// <summary>Once a frame: takes in what came, plays, marks, keeps the connection alive or brings it back.</summary>
        public void Tick(double nowS)
        {
            _nowS = nowS;
            while (_line != null && _line.TryReceive(out TransportEvent happened)) Take(_line, happened);
            Conversation?.Update(nowS);
            if (State == ClientState.Away && nowS >= _retryAtS) OpenSocket();
            else if (State == ClientState.Connecting && nowS - _sinceS > ConnectWaitS) Lost(TransportEvent.Lost, "no answer");
            if (State == ClientState.Open && _pose.TryTake(nowS, out FanPose pose)) Send(pose);
            bool isConnected = State == ClientState.Open || State == ClientState.Disclosing;
            if (isConnected && _options.KeepsAlive) _line?.KeepAlive(nowS);
        }

        private void OpenSocket()
        {
            DropLine();
            _fatalCode = "";
            Enter(ClientState.Connecting);
            _line = new Line(_makeTransport(), _options.Address, _options.Subprotocol);
        }

        private void DropLine()
        {
            _line?.Dispose();
            _line = null;
        }

        private void Take(Line line, in TransportEvent happened)
        {
            if (happened.Kind == TransportEventKind.Opened) SayHello();
            else if (happened.Kind == TransportEventKind.Closed) Lost(happened.Code, happened.Text);
            else Read(line, happened);
        }

        private void SayHello() => Send(new Hello
        {
            Client = _options.Client,
            Name = _options.Name,
            Token = _options.Token,
            Language = _options.Language,
            AudioIn = new AudioFormat { SampleRateHz = MicrophoneUplink.RateHz },
            Face = _options.Face,
            Consents = _options.Consents,
            Resume = ResumeOfThisVisit(),
        });

        private Resume? ResumeOfThisVisit()
        {
            if (Welcome == null || Welcome.ResumeToken == "" || _nowS - _lostAtS > Welcome.Limits.MaxAwayS) return null;
            Heard heard = Conversation!.Heard;
            return new Resume
            {
                Token = Welcome.ResumeToken,
                ReplyId = Math.Max(0, heard.ReplyId),
                HeardSamples = heard.ReplyId < 0 ? 0 : (long)heard.Position,
            };
        }

        private void Read(Line line, in TransportEvent frame)
        {
            Message message;
            try
            {
                message = line.Decode(frame);
            }
            catch (WireError)
            {
                Malformed++;
                return;
            }
            if (message is Welcome welcome) Begin(welcome);
            else if (message is ErrorMessage error) Note(error);
            else if (Conversation != null) Receive(message, Conversation);
        }

        private void Receive(Message message, Conversation talk)
        {
            switch (message)
            {
                case ReplyChunk chunk:
                    if (talk.Add(chunk, _nowS)) ReplyReceived?.Invoke(chunk);
                    break;
                case ReplyCancelled cancelled:
                    talk.Cancel(cancelled.ReplyId, _nowS);
                    ReplyCancelled?.Invoke(cancelled);
                    break;
                case ReplyDuck duck: talk.Duck(duck); break;
                case Listening listening: talk.Listen(listening, _nowS); break;
                case Transcript transcript: TranscriptReceived?.Invoke(transcript); break;
                case TurnReport report: TurnReported?.Invoke(report); break;
                case Notice notice: NoticeReceived?.Invoke(notice); break;
                case Pong pong: _line?.Receive(pong, _nowS); break;
            }
        }

        private void Begin(Welcome welcome)
        {
            if (State != ClientState.Connecting) return; // said once
            if (!welcome.IsUsable)
            {
                Leave();
                return;
            }
            Welcome = welcome;
            _line?.Learn(welcome.Limits);
            _reconnect.Succeeded();
            if (welcome.Resumed && Conversation != null)
            {
                Enter(ClientState.Open);
                Conversation.MarkAgain();
                return;
            }
            Conversation = new Conversation(welcome, _options.DeviceRateHz, SendMark);
            ConversationBegan?.Invoke(Conversation);
            Enter(ClientState.Disclosing);
            DisclosureNeeded?.Invoke(welcome);
        }

        private void Note(ErrorMessage error)
        {
            if (error.Fatal) _fatalCode = error.Code;
            ErrorReceived?.Invoke(error);
        }

        private void Lost(int code, string reason)
        {
            if (State == ClientState.Closed) return; // we left before
            DropLine();
            string why = _fatalCode != "" ? _fatalCode : reason;
            if (State != ClientState.Connecting) _lostAtS = _nowS;
            double? pause = _options.Reconnects ? PauseAfter(code, why) : null;
            if (pause == null)
            {
                End(code, why);
                return;
            }
            _retryAtS = _nowS + pause.Value;
            Enter(ClientState.Away);
        }

        private double? PauseAfter(int code, string why)
        {
            if (why != "resume_refused" || Welcome == null || Welcome.ResumeToken == "") return _reconnect.PauseAfter(code);
            Welcome.ResumeToken = ""; // that visit is over; a new one begins, and asks again
            return 0;
        }

        private void End(int code, string reason)
        {
            DropLine();
            if (Conversation != null && Conversation.Heard.IsPlaying) Conversation.Cancel(Conversation.Heard.ReplyId, _nowS);
            Enter(ClientState.Closed);
            Ended?.Invoke(code, reason);
        }

        private void SendMark(long replyId, long heardSamples)
        {
            if (CanSpeak) Send(new PlaybackMark { ReplyId = replyId, HeardSamples = heardSamples });
        }

        private bool Send(Message message, double audioMs = 0) => _line != null && _line.Send(message, _nowS, audioMs);

        private void Enter(ClientState state)
        {
            _sinceS = _nowS;
            if (State == state) return;
            State = state;
            StateChanged?.Invoke(state);
        }
    }
}
