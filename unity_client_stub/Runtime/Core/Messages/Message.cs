#nullable enable

namespace Stagedoor
{
    /// <summary>One message of the protocol. The fields of each are explained in protocol/PROTOCOL.md.</summary>
    public abstract class Message : WireObject
    {
        /// <summary>The `type` on the wire.</summary>
        public abstract string Type { get; }
    }

    /// <summary>A type that this package does not know: a newer server's. It is to be ignored.</summary>
    public sealed class UnknownMessage : Message
    {
        public UnknownMessage(string type) => Type = type;

        public override string Type { get; }

        public override void Exchange(Fields fields) { }
    }
}
