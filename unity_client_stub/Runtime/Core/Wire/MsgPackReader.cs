#nullable enable
using System;
using System.Buffers.Binary;
using System.Text;

namespace Stagedoor
{
    /// <summary>MessagePack as the protocol uses it: maps with text keys, lists, numbers, text, bin, bool, nil.</summary>
    public sealed class MsgPackReader : WireReader
    {
        private readonly int[] _left = new int[MaxDepth];
        private byte[] _data = Array.Empty<byte>();
        private int _at;
        private int _end;
        private int _depth;

        /// <summary>Nothing is left: for files that hold one value after the other.</summary>
        public bool IsAtEnd => _at == _end;

        public override void Reset(byte[] data, int start, int count)
        {
            _data = data;
            _at = start;
            _end = start + count;
            _depth = 0;
        }

        public override bool TryNull()
        {
            if (Peek() != 0xc0) return false;
            _at++;
            return true;
        }

        public override void BeginMap() => Push(MapCount(Take()));

        public override void BeginList() => Push(ListCount(Take()));

        public override bool NextKey(out string key)
        {
            key = "";
            if (!NextItem()) return false;
            int count = TextCount(Take());
            key = KeyTable.Find(_data, Advance(count), count);
            return true;
        }

        public override bool NextItem()
        {
            if (_left[_depth - 1]-- > 0) return true;
            _depth--;
            return false;
        }

        public override string Text()
        {
            int count = TextCount(Take());
            return Encoding.UTF8.GetString(_data, Advance(count), count);
        }

        public override long Integer()
        {
            byte code = Take();
            if (code <= 0x7f) return code;
            if (code >= 0xe0) return (sbyte)code;
            switch (code)
            {
                case 0xcc: return Take();
                case 0xcd: return BinaryPrimitives.ReadUInt16BigEndian(Next(2));
                case 0xce: return BinaryPrimitives.ReadUInt32BigEndian(Next(4));
                case 0xcf: return Fitting(BinaryPrimitives.ReadUInt64BigEndian(Next(8)));
                case 0xd0: return (sbyte)Take();
                case 0xd1: return BinaryPrimitives.ReadInt16BigEndian(Next(2));
                case 0xd2: return BinaryPrimitives.ReadInt32BigEndian(Next(4));
                case 0xd3: return BinaryPrimitives.ReadInt64BigEndian(Next(8));
                default: throw Unexpected("a whole number", code);
            }
        }

        public override double Number()
        {
            byte code = Peek();
            if (code == 0xcb)
            {
                _at++;
                return BitConverter.Int64BitsToDouble(BinaryPrimitives.ReadInt64BigEndian(Next(8)));
            }
            if (code != 0xca) return Integer();
            _at++;
            return BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt32BigEndian(Next(4)));
        }

        public override bool Flag()
        {
            byte code = Take();
            if (code != 0xc2 && code != 0xc3) throw Unexpected("true or false", code);
            return code == 0xc3;
        }

        public override byte[] Bytes()
        {
            int count = BytesCount(Take());
            var copy = new byte[count];
            Array.Copy(_data, Advance(count), copy, 0, count);
            return copy;
        }

        public override void Skip() => Skip(0);

        private void Skip(int depth)
        {
            if (depth > MaxDepth) throw new WireError("nested too deeply");
            byte code = Peek();
            if (code <= 0x7f || code >= 0xe0 || (code >= 0xcc && code <= 0xd3)) Integer();
            else if (code == 0xca || code == 0xcb) Number();
            else if (code == 0xc0 || code == 0xc2 || code == 0xc3) _at++;
            else if (IsMap(code)) SkipMany(2L * MapCount(Take()), depth);
            else if (IsList(code)) SkipMany(ListCount(Take()), depth);
            else if (code >= 0xc4 && code <= 0xc6) Advance(BytesCount(Take()));
            else if (code >= 0xd4 && code <= 0xd8) { _at++; Advance(1 + (1 << (code - 0xd4))); }
            else if (code >= 0xc7 && code <= 0xc9) { _at++; Advance(1 + Size(code - 0xc7)); }
            else Advance(TextCount(Take()));
        }

        private void SkipMany(long count, int depth)
        {
            for (long i = 0; i < count; i++) Skip(depth + 1);
        }

        private static bool IsMap(byte code) => (code & 0xf0) == 0x80 || code == 0xde || code == 0xdf;

        private static bool IsList(byte code) => (code & 0xf0) == 0x90 || code == 0xdc || code == 0xdd;

        private int MapCount(byte code)
        {
            if ((code & 0xf0) == 0x80) return code & 0x0f;
            if (code == 0xde) return Size(1);
            if (code == 0xdf) return Size(2);
            throw Unexpected("a map", code);
        }

        private int ListCount(byte code)
        {
            if ((code & 0xf0) == 0x90) return code & 0x0f;
            if (code == 0xdc) return Size(1);
            if (code == 0xdd) return Size(2);
            throw Unexpected("a list", code);
        }

        private int TextCount(byte code)
        {
            if ((code & 0xe0) == 0xa0) return code & 0x1f;
            if (code >= 0xd9 && code <= 0xdb) return Size(code - 0xd9);
            throw Unexpected("text", code);
        }

        private int BytesCount(byte code)
        {
            if (code >= 0xc4 && code <= 0xc6) return Size(code - 0xc4);
            throw Unexpected("bytes", code);
        }

        /// <summary>A length of 1, 2 or 4 bytes. None can be longer than what is left of the message.</summary>
        private int Size(int power)
        {
            long size = power == 0 ? Take()
                : power == 1 ? BinaryPrimitives.ReadUInt16BigEndian(Next(2))
                : BinaryPrimitives.ReadUInt32BigEndian(Next(4));
            if (size > _end - _at) throw new WireError("the message ends too early");
            return (int)size;
        }

        private void Push(int count)
        {
            if (_depth == MaxDepth) throw new WireError("nested too deeply");
            _left[_depth++] = count;
        }

        private byte Peek() => _at < _end ? _data[_at] : throw new WireError("the message ends too early");

        private byte Take()
        {
            byte code = Peek();
            _at++;
            return code;
        }

        private ReadOnlySpan<byte> Next(int count) => new ReadOnlySpan<byte>(_data, Advance(count), count);

        private int Advance(int count)
        {
            if (count > _end - _at) throw new WireError("the message ends too early");
            int start = _at;
            _at += count;
            return start;
        }

        private static long Fitting(ulong value) =>
            value <= long.MaxValue ? (long)value : throw new WireError("a number that is too large");

        private static WireError Unexpected(string wanted, byte code) =>
            new WireError($"expected {wanted}, found byte 0x{code:x2}");
    }
}
