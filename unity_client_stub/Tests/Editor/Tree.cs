#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Stagedoor.Tests
{
    /// <summary>
    /// A message as sorted lines of `path = value`, read without knowing any message type: two messages mean the same
    /// when their lines do. `bytes` in JSON are text, so they are compared as base64 in both forms.
    /// </summary>
    internal static class Tree
    {
        public static SortedDictionary<string, string> OfJson(byte[] data)
        {
            var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
            int at = 0;
            Json(Encoding.UTF8.GetString(data), ref at, "", lines);
            return lines;
        }

        public static SortedDictionary<string, string> OfMsgPack(byte[] data)
        {
            var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
            var reader = new MsgPackReader();
            reader.Reset(data, 0, data.Length);
            int at = 0;
            Pack(data, ref at, "", lines);
            return lines;
        }

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        private static void Json(string text, ref int at, string path, IDictionary<string, string> lines)
        {
            Blank(text, ref at);
            char first = text[at];
            if (first == '{' || first == '[') Container(text, ref at, path, lines, first == '{');
            else if (first == '"') lines[path] = "text " + Quoted(text, ref at);
            else
            {
                int start = at;
                while (at < text.Length && ",]} \n".IndexOf(text[at]) < 0) at++;
                string word = text.Substring(start, at - start);
                lines[path] = char.IsLetter(word[0]) ? word : Number(double.Parse(word, CultureInfo.InvariantCulture));
            }
        }

        private static void Container(string text, ref int at, string path, IDictionary<string, string> lines, bool isMap)
        {
            at++;
            int count = 0;
            for (Blank(text, ref at); text[at] != '}' && text[at] != ']'; Blank(text, ref at))
            {
                if (text[at] == ',') { at++; Blank(text, ref at); }
                string name = count++.ToString(CultureInfo.InvariantCulture);
                if (isMap)
                {
                    name = Quoted(text, ref at);
                    Blank(text, ref at);
                    at++;
                }
                Json(text, ref at, path + "/" + name, lines);
            }
            at++;
            if (count == 0) lines[path] = isMap ? "{}" : "[]";
        }

        private static string Quoted(string text, ref int at)
        {
            int start = ++at;
            while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
            return System.Text.RegularExpressions.Regex.Unescape(text.Substring(start, at++ - start).Replace("\\/", "/"));
        }

        private static void Blank(string text, ref int at)
        {
            while (text[at] == ' ' || text[at] == '\n') at++;
        }

        private static void Pack(byte[] data, ref int at, string path, IDictionary<string, string> lines)
        {
            byte code = data[at];
            var reader = new MsgPackReader();
            reader.Reset(data, at, data.Length - at);
            bool isMap = (code & 0xf0) == 0x80 || code == 0xde;
            if (isMap || (code & 0xf0) == 0x90 || code == 0xdc)
            {
                int count = code >= 0xdc ? (data[at + 1] << 8) | data[at + 2] : code & 0x0f;
                at += code >= 0xdc ? 3 : 1;
                for (int i = 0; i < count; i++)
                {
                    string name = i.ToString(CultureInfo.InvariantCulture);
                    if (isMap)
                    {
                        reader.Reset(data, at, data.Length - at);
                        name = reader.Text();
                        at += SizeOf(data, at);
                    }
                    Pack(data, ref at, path + "/" + name, lines);
                }
                if (count == 0) lines[path] = isMap ? "{}" : "[]";
                return;
            }
            if (code == 0xc0) lines[path] = "null";
            else if (code == 0xc2 || code == 0xc3) lines[path] = code == 0xc3 ? "true" : "false";
            else if (code >= 0xc4 && code <= 0xc6) lines[path] = "text " + Convert.ToBase64String(reader.Bytes());
            else if ((code & 0xe0) == 0xa0 || (code >= 0xd9 && code <= 0xdb)) lines[path] = "text " + reader.Text();
            else lines[path] = Number(reader.Number());
            at += SizeOf(data, at);
        }

        /// <summary>How many bytes the value at `at` takes: the shortest part of the rest that can be skipped whole.</summary>
        private static int SizeOf(byte[] data, int at)
        {
            byte code = data[at];
            if (code <= 0x7f || code >= 0xe0 || code == 0xc0 || code == 0xc2 || code == 0xc3) return 1;
            if ((code & 0xe0) == 0xa0) return 1 + (code & 0x1f);
            if (code == 0xd9 || code == 0xc4) return 2 + data[at + 1];
            if (code == 0xda || code == 0xc5) return 3 + ((data[at + 1] << 8) | data[at + 2]);
            var widths = new Dictionary<int, int>
            {
                [0xca] = 5, [0xcb] = 9, [0xcc] = 2, [0xcd] = 3, [0xce] = 5, [0xcf] = 9,
                [0xd0] = 2, [0xd1] = 3, [0xd2] = 5, [0xd3] = 9,
            };
            return widths[code];
        }
    }
}
