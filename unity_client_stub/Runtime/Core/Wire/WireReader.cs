#nullable enable

namespace Stagedoor
{
    /// <summary>
    /// Reads one message, value by value, in whichever form it came. A map is read with BeginMap and then NextKey until
    /// it says false; a list with BeginList and NextItem. Every method throws WireError on what it did not expect.
    /// </summary>
    public abstract class WireReader
    {
        /// <summary>Deeper nesting than this is no message of ours.</summary>
        public const int MaxDepth = 16;

        public abstract void Reset(byte[] data, int start, int count);

        /// <summary>True, and the value is passed over, when it is null; else nothing is read.</summary>
        public abstract bool TryNull();

        public abstract void BeginMap();

        public abstract bool NextKey(out string key);

        public abstract void BeginList();

        public abstract bool NextItem();

        public abstract string Text();

        public abstract long Integer();

        public abstract double Number();

        public abstract bool Flag();

        public abstract byte[] Bytes();

        /// <summary>Passes over one value, whatever it is.</summary>
        public abstract void Skip();
    }
}
