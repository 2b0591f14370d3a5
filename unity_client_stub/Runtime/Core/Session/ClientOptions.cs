#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>What a client wants of a server. Fixed for the life of an AvatarClient.</summary>
    public sealed class ClientOptions
    {
        /// <summary>ws://host:8700/ws, or wss:// behind TLS.</summary>
        public Uri Address = new Uri("ws://127.0.0.1:8700/ws");

        /// <summary>Codec.MsgPackProtocol or Codec.JsonProtocol.</summary>
        public string Subprotocol = Codec.MsgPackProtocol;

        /// <summary>The name of your program and its version, for the server's log.</summary>
        public string Client = "stagedoor-unity/0.1";

        /// <summary>What the avatar may call the fan; empty for nothing.</summary>
        public string Name = "";

        /// <summary>The join token, where the server asks for one. It goes into `hello` and nowhere else.</summary>
        public string Token = "";

        /// <summary>en, pt-BR, ... or auto.</summary>
        public string Language = "en";

        /// <summary>arkit52, azure55, oculus15, vrm or none.</summary>
        public string Face = "arkit52";

        public Consents Consents = new Consents();

        /// <summary>The rate of the sound device (Unity: AudioSettings.outputSampleRate).</summary>
        public int DeviceRateHz = 48000;

        /// <summary>Come back by itself after a lost connection.</summary>
        public bool Reconnects = true;

        /// <summary>Sends a ping when nothing else was sent for a third of the server's idle limit.</summary>
        public bool KeepsAlive = true;

        /// <summary>Of the pauses between attempts to come back.</summary>
        public int Seed = Environment.TickCount;
    }
}
