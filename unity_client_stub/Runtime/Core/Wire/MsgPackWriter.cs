#nullable enable
using System;
using System.Buffers.Binary;
using System.Text;

namespace Stagedoor
{
    /// <summary>MessagePack in its shortest forms; bytes are `bin`, never `str`.</summary>
    public sealed class MsgPackWriter : WireWriter
    {
        public override void BeginMap(int count)
        {
            if (count < 16) Put((byte)(0x80 | count));
            else Head16(0xde, count);
        }

        public override void EndMap() { }

        public override void Key(string name) => Text(name);

        public override void BeginList(int count)
        {
            if (count < 16) Put((byte)(0x90 | count));
            else Head16(0xdc, count);
        }

        public override void EndList() { }

        public override void Null() => Put(0xc0);

        public override void Flag(bool value) => Put(value ? (byte)0xc3 : (byte)0xc2);

        public override void Text(string value)
        {
            int count = Encoding.UTF8.GetByteCount(value);
            if (count < 32) Put((byte)(0xa0 | count));
            else SizedHead(0xd9, count);
            Room(count);
            Length += Encoding.UTF8.GetBytes(value, 0, value.Length, Buffer, Length);
        }

        public override void Bytes(byte[] value)
        {
            SizedHead(0xc4, value.Length);
            Room(value.Length);
            Array.Copy(value, 0, Buffer, Length, value.Length);
            Length += value.Length;
        }

        public override void Integer(long value)
        {
            if (value >= -32 && value <= 127) Put((byte)value);
            else if (value >= 0) Positive((ulong)value);
            else if (value >= short.MinValue) BinaryPrimitives.WriteInt16BigEndian(Grow(0xd1, 2), (short)value);
            else if (value >= int.MinValue) BinaryPrimitives.WriteInt32BigEndian(Grow(0xd2, 4), (int)value);
            else BinaryPrimitives.WriteInt64BigEndian(Grow(0xd3, 8), value);
        }

        public override void Number(double value) =>
            BinaryPrimitives.WriteInt64BigEndian(Grow(0xcb, 8), BitConverter.DoubleToInt64Bits(value));

        private void Positive(ulong value)
        {
            if (value <= byte.MaxValue) Grow(0xcc, 1)[0] = (byte)value;
            else if (value <= ushort.MaxValue) BinaryPrimitives.WriteUInt16BigEndian(Grow(0xcd, 2), (ushort)value);
            else if (value <= uint.MaxValue) BinaryPrimitives.WriteUInt32BigEndian(Grow(0xce, 4), (uint)value);
            else BinaryPrimitives.WriteUInt64BigEndian(Grow(0xcf, 8), value);
        }

        /// <summary>The codes for lengths of 1, 2 and 4 bytes follow each other.</summary>
        private void SizedHead(byte first, int count)
        {
            if (count <= byte.MaxValue) Grow(first, 1)[0] = (byte)count;
            else if (count <= ushort.MaxValue) Head16((byte)(first + 1), count);
            else BinaryPrimitives.WriteUInt32BigEndian(Grow((byte)(first + 2), 4), (uint)count);
        }

        private void Head16(byte code, int count)
        {
            if (count > ushort.MaxValue) throw new WireError($"{count} are too many for one message");
            BinaryPrimitives.WriteUInt16BigEndian(Grow(code, 2), (ushort)count);
        }

        private Span<byte> Grow(byte code, int count)
        {
            Put(code);
            Room(count);
            var part = new Span<byte>(Buffer, Length, count);
            Length += count;
            return part;
        }
    }
}
