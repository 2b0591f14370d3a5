#nullable enable
using System;
using System.Collections.Generic;

namespace Stagedoor
{
    /// <summary>Messages to bytes and back, in one of the two forms. Not thread-safe: one for each connection.</summary>
    public sealed class Codec
    {
        public const string MsgPackProtocol = "avatar.v1.msgpack";
        public const string JsonProtocol = "avatar.v1.json";

        private static readonly Dictionary<string, Func<Message>> OfServer = Table(
            () => new Welcome(), () => new QueuePlace(), () => new SlotTime(), () => new Group(), () => new ReplyChunk(),
            () => new ReplyCancelled(), () => new ReplyDuck(),
            () => new Listening(), () => new Transcript(), () => new TurnReport(), () => new Notice(),
            () => new KeepsakeState(), () => new Remembered(), () => new StageState(), () => new Reactions(),
            () => new HostVisit(), () => new HostTranscript(), () => new HostLines(), () => new HostMood(),
            () => new HostQueue(),
            () => new HostHealth(), () => new HostTopic(), () => new HostDone(), () => new Pong(),
            () => new ErrorMessage());

        private static readonly Dictionary<string, Func<Message>> OfClient = Table(
            () => new Hello(), () => new DisclosureAcknowledged(), () => new AudioChunk(), () => new TextInput(),
            () => new PlaybackMark(), () => new FanPose(), () => new FanFace(), () => new Interrupt(),
            () => new ConsentChange(), () => new Satisfaction(), () => new ForgetMemory(), () => new Reaction(),
            () => new HostAct(), () => new Ping(),
            () => new Leave());

        private readonly WireReader _reader;
        private readonly WireWriter _writer;
        private readonly Fields _in;
        private readonly Fields _out;

        public Codec(string subprotocol)
        {
            IsBinary = subprotocol == MsgPackProtocol;
            if (!IsBinary && subprotocol != JsonProtocol) throw new WireError($"unknown subprotocol '{subprotocol}'");
            _reader = IsBinary ? (WireReader)new MsgPackReader() : new JsonReader();
            _writer = IsBinary ? (WireWriter)new MsgPackWriter() : new JsonWriter();
            _in = new Fields(_reader);
            _out = new Fields(_writer);
        }

        /// <summary>Whether a WebSocket carries this form in binary frames.</summary>
        public bool IsBinary { get; }

        /// <summary>One message, ready for one WebSocket frame (of UTF-8 text for JSON).</summary>
        public byte[] Encode(Message message)
        {
            _writer.Reset();
            _out.Write(message, message.Type);
            return _writer.ToArray();
        }

        /// <summary>What a server sent. Throws WireError.</summary>
        public Message DecodeServer(byte[] data) => Decode(data, OfServer);

        /// <summary>What a client sent: for tests and for servers of your own. Throws WireError.</summary>
        public Message DecodeClient(byte[] data) => Decode(data, OfClient);

        private Message Decode(byte[] data, Dictionary<string, Func<Message>> known)
        {
            string type = FindType(data);
            if (!known.TryGetValue(type, out Func<Message>? make)) return new UnknownMessage(type);
            Message message = make();
            _reader.Reset(data, 0, data.Length);
            try
            {
                _in.Read(message);
            }
            catch (WireError error)
            {
                throw new WireError($"{type}: {error.Message}");
            }
            return message;
        }

        private string FindType(byte[] data)
        {
            _reader.Reset(data, 0, data.Length);
            _reader.BeginMap();
            while (_reader.NextKey(out string key))
            {
                if (key == "type") return _reader.Text();
                _reader.Skip();
            }
            throw new WireError("a message without a type");
        }

        private static Dictionary<string, Func<Message>> Table(params Func<Message>[] makers)
        {
            var table = new Dictionary<string, Func<Message>>();
            foreach (Func<Message> make in makers) table[make().Type] = make;
            return table;
        }
    }
}
