#nullable enable
using System;
using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Stagedoor
{
    /// <summary>JSON as the protocol uses it: one object in UTF-8, bytes as base64.</summary>
    public sealed class JsonReader : WireReader
    {
        private readonly bool[] _first = new bool[MaxDepth];
        private byte[] _data = Array.Empty<byte>();
        private int _at;
        private int _end;
        private int _depth;

        public override void Reset(byte[] data, int start, int count)
        {
            _data = data;
            _at = start;
            _end = start + count;
            _depth = 0;
        }

        public override bool TryNull() => Peek() == 'n' && Word("null");

        public override void BeginMap() => Push('{');

        public override void BeginList() => Push('[');

        public override bool NextKey(out string key)
        {
            key = "";
            if (!Next('}')) return false;
            (int start, int count, bool escaped) = Quoted();
            key = escaped ? Unescape(start, count) : KeyTable.Find(_data, start, count);
            Expect(':');
            return true;
        }

        public override bool NextItem() => Next(']');

        public override string Text()
        {
            (int start, int count, bool escaped) = Quoted();
            return escaped ? Unescape(start, count) : Encoding.UTF8.GetString(_data, start, count);
        }

        public override byte[] Bytes()
        {
            (int start, int count, _) = Quoted();
            var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(count)];
            var status = Base64.DecodeFromUtf8(new ReadOnlySpan<byte>(_data, start, count), bytes, out _, out int written);
            if (status != OperationStatus.Done) throw new WireError("not base64");
            if (written < bytes.Length) Array.Resize(ref bytes, written);
            return bytes;
        }

        public override long Integer()
        {
            string text = NumberText();
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)) return whole;
            double value = Parse(text);
            if (value != Math.Floor(value) || Math.Abs(value) > 9e15) throw new WireError($"expected a whole number: {text}");
            return (long)value;
        }

        public override double Number() => Parse(NumberText());

        public override bool Flag() => Peek() == 't' ? Word("true") : !Word("false");

        public override void Skip() => Skip(0);

        private void Skip(int depth)
        {
            if (depth > MaxDepth) throw new WireError("nested too deeply");
            switch ((char)Peek())
            {
                case '{':
                    BeginMap();
                    while (NextKey(out _)) Skip(depth + 1);
                    break;
                case '[':
                    BeginList();
                    while (NextItem()) Skip(depth + 1);
                    break;
                case '"': Quoted(); break;
                case 't': Word("true"); break;
                case 'f': Word("false"); break;
                case 'n': Word("null"); break;
                default: Number(); break;
            }
        }

        private static double Parse(string text)
        {
            bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
            return isNumber ? value : throw new WireError($"expected a number: {text}");
        }

        private string NumberText()
        {
            Peek();
            int start = _at;
            while (_at < _end && "+-.0123456789eE".IndexOf((char)_data[_at]) >= 0) _at++;
            if (start == _at) throw new WireError($"expected a number at byte {start}");
            return Encoding.ASCII.GetString(_data, start, _at - start);
        }

        private (int start, int count, bool escaped) Quoted()
        {
            Expect('"');
            int start = _at;
            bool escaped = false;
            while (true)
            {
                if (_at >= _end) throw new WireError("text without its end");
                byte letter = _data[_at++];
                if (letter == '"') return (start, _at - 1 - start, escaped);
                if (letter < 0x20) throw new WireError("a control character in text");
                if (letter != '\\') continue;
                escaped = true;
                _at++;
            }
        }

        private string Unescape(int start, int count)
        {
            var text = new StringBuilder(count);
            string raw = Encoding.UTF8.GetString(_data, start, count);
            for (int i = 0; i < raw.Length; i++)
            {
                if (raw[i] != '\\') { text.Append(raw[i]); continue; }
                char code = ++i < raw.Length ? raw[i] : ' ';
                int plain = "\"\\/bfnrt".IndexOf(code);
                if (plain >= 0) text.Append("\"\\/\b\f\n\r\t"[plain]);
                else if (code == 'u' && TryHex(raw, i + 1, out char letter)) { text.Append(letter); i += 4; }
                else throw new WireError("an unknown escape in text");
            }
            return text.ToString();
        }

        private static bool TryHex(string raw, int start, out char letter)
        {
            ushort value = 0;
            bool isHex = start + 4 <= raw.Length && ushort.TryParse(
                raw.Substring(start, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
            letter = (char)value;
            return isHex;
        }

        private bool Next(char closing)
        {
            if (Peek() == closing)
            {
                _at++;
                _depth--;
                return false;
            }
            if (!_first[_depth - 1]) Expect(',');
            _first[_depth - 1] = false;
            return true;
        }

        private void Push(char opening)
        {
            Expect(opening);
            if (_depth == MaxDepth) throw new WireError("nested too deeply");
            _first[_depth++] = true;
        }

        private bool Word(string word)
        {
            Peek();
            foreach (char letter in word)
            {
                if (_at >= _end || _data[_at++] != letter) throw new WireError($"expected {word}");
            }
            return true;
        }

        private void Expect(char wanted)
        {
            if (Peek() != wanted) throw new WireError($"expected {wanted} at byte {_at}, found {(char)_data[_at]}");
            _at++;
        }

        /// <summary>The next byte that is not white space; it stays where it is.</summary>
        private byte Peek()
        {
            while (_at < _end && (_data[_at] == ' ' || _data[_at] == '\n' || _data[_at] == '\r' || _data[_at] == '\t')) _at++;
            return _at < _end ? _data[_at] : throw new WireError("the message ends too early");
        }
    }
}
