#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Bytes that are not a message of this protocol, or a message that must not be sent.</summary>
    public sealed class WireError : Exception
    {
        public WireError(string message) : base(message) { }
    }
}
