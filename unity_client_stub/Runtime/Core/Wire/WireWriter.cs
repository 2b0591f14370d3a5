#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Writes one message, value by value. Maps and lists say beforehand how many they hold.</summary>
    public abstract class WireWriter
    {
        protected byte[] Buffer = new byte[1024];
        protected int Length;

        /// <summary>A copy of what was written since Reset.</summary>
        public byte[] ToArray()
        {
            var copy = new byte[Length];
            Array.Copy(Buffer, copy, Length);
            return copy;
        }

        public virtual void Reset() => Length = 0;

        public abstract void BeginMap(int count);

        public abstract void Key(string name);

        public abstract void EndMap();

        public abstract void BeginList(int count);

        public abstract void EndList();

        public abstract void Null();

        public abstract void Text(string value);

        public abstract void Integer(long value);

        public abstract void Number(double value);

        public abstract void Flag(bool value);

        public abstract void Bytes(byte[] value);

        protected void Room(int more)
        {
            if (Length + more > Buffer.Length) Array.Resize(ref Buffer, Math.Max(Buffer.Length * 2, Length + more));
        }

        protected void Put(byte value)
        {
            Room(1);
            Buffer[Length++] = value;
        }
    }
}
