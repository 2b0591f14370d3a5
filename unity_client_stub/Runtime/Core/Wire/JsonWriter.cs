#nullable enable
using System;
using System.Globalization;
using System.Text;

namespace Stagedoor
{
    /// <summary>JSON in UTF-8; bytes are base64.</summary>
    public sealed class JsonWriter : WireWriter
    {
        private bool _first = true; // nothing stands before the next value, so no comma goes there

        public override void Reset()
        {
            base.Reset();
            _first = true;
        }

        public override void BeginMap(int count) => Open('{');

        public override void EndMap() => Close('}');

        public override void BeginList(int count) => Open('[');

        public override void EndList() => Close(']');

        public override void Key(string name)
        {
            Text(name);
            Put((byte)':');
            _first = true;
        }

        public override void Null() => Raw("null");

        public override void Flag(bool value) => Raw(value ? "true" : "false");

        public override void Integer(long value) => Raw(value.ToString(CultureInfo.InvariantCulture));

        public override void Number(double value)
        {
            if (double.IsNaN(value) || double.IsInfinity(value)) throw new WireError("JSON has no such number");
            string text = value.ToString("R", CultureInfo.InvariantCulture);
            Raw(text.IndexOfAny(new[] { '.', 'E' }) < 0 ? text + ".0" : text);
        }

        public override void Bytes(byte[] value)
        {
            Comma();
            Put((byte)'"');
            Ascii(Convert.ToBase64String(value));
            Put((byte)'"');
        }

        public override void Text(string value)
        {
            Comma();
            Put((byte)'"');
            int start = 0;
            for (int i = 0; i < value.Length; i++)
            {
                char letter = value[i];
                if (letter >= ' ' && letter != '"' && letter != '\\') continue;
                Plain(value, start, i - start);
                Escape(letter);
                start = i + 1;
            }
            Plain(value, start, value.Length - start);
            Put((byte)'"');
        }

        private void Escape(char letter)
        {
            if (letter >= ' ') Ascii("\\" + letter);
            else Ascii("\\u" + ((int)letter).ToString("x4", CultureInfo.InvariantCulture));
        }

        private void Plain(string value, int start, int count)
        {
            Room(count * 3);
            Length += Encoding.UTF8.GetBytes(value, start, count, Buffer, Length);
        }

        private void Open(char bracket)
        {
            Comma();
            Put((byte)bracket);
            _first = true;
        }

        private void Close(char bracket)
        {
            Put((byte)bracket);
            _first = false;
        }

        private void Raw(string text)
        {
            Comma();
            Ascii(text);
        }

        private void Ascii(string text) => Plain(text, 0, text.Length);

        private void Comma()
        {
            if (!_first) Put((byte)',');
            _first = false;
        }
    }
}
