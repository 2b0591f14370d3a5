#nullable enable
using System;

namespace Stagedoor
{
    public enum TransportEventKind { Opened, Message, Closed }

    /// <summary>What happened on the socket since it was asked last.</summary>
    public struct TransportEvent
    {
        public const int Lost = 1006; // the close code of a connection that ended without one

        public TransportEventKind Kind;
        public byte[] Data; // of a message: UTF-8 when it was text
        public bool IsBinary;
        public int Code; // of a close
        public string Text; // the subprotocol that was chosen, or the reason of a close

        public static TransportEvent Opened(string subprotocol) =>
            new TransportEvent { Kind = TransportEventKind.Opened, Text = subprotocol, Data = Array.Empty<byte>() };

        public static TransportEvent Message(byte[] data, bool isBinary) =>
            new TransportEvent { Kind = TransportEventKind.Message, Data = data, IsBinary = isBinary, Text = "" };

        public static TransportEvent Closed(int code, string reason) =>
            new TransportEvent { Kind = TransportEventKind.Closed, Code = code, Text = reason, Data = Array.Empty<byte>() };
    }

    /// <summary>
    /// One WebSocket, for one connection. It is asked from the main thread: nothing of it calls back. After Closed it
    /// says nothing more.
    /// </summary>
    public interface ITransport : IDisposable
    {
        /// <summary>Begins to connect, offering one subprotocol. The outcome is an event.</summary>
        void Open(Uri address, string subprotocol);

        /// <summary>The next event, if there is one.</summary>
        bool TryReceive(out TransportEvent happened);

        /// <summary>False when the message was dropped: not connected, or too much waits to be sent.</summary>
        bool Send(byte[] data, bool isBinary);

        /// <summary>Sends what waits, then closes with 1000 and frees itself, whether it is asked again or not.</summary>
        void Close();
    }
}
