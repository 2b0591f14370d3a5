#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Something with named fields on the wire. It names each of them once, for reading and writing alike.</summary>
    public abstract class WireObject
    {
        public abstract void Exchange(Fields fields);
    }

    /// <summary>
    /// Carries the fields of a WireObject to or from the wire. The object calls one method a field, always in the same
    /// order; what happens then depends on the pass: the fields are counted, written, filled when their name was just
    /// read, or checked for being there.
    /// </summary>
    public sealed class Fields
    {
        private enum Pass { Count, Write, Read, Check }

        private readonly WireReader? _reader;
        private readonly WireWriter? _writer;
        private Pass _pass;
        private string _key = "";
        private bool _taken;
        private int _index;
        private ulong _seen;

        public Fields(WireReader reader) => _reader = reader;

        public Fields(WireWriter writer) => _writer = writer;

        /// <summary>Writes `value` as a map; `type` goes first when it is given.</summary>
        public void Write(WireObject value, string? type = null)
        {
            int count = CountOf(value);
            _writer!.BeginMap(type == null ? count : count + 1);
            if (type != null)
            {
                _writer.Key("type");
                _writer.Text(type);
            }
            Run(value, Pass.Write);
            _writer.EndMap();
        }

        /// <summary>Fills `value` from a map. Unknown fields are passed over; a required one that is missing is an error.</summary>
        public void Read(WireObject value)
        {
            ulong seen = 0;
            _reader!.BeginMap();
            while (_reader.NextKey(out string key))
            {
                (_key, _taken, _seen) = (key, false, seen);
                Run(value, Pass.Read);
                seen = _seen;
                if (!_taken) _reader.Skip();
            }
            _seen = seen;
            Run(value, Pass.Check);
        }

        public void Text(string name, ref string value, bool required = false)
        {
            if (Begins(name, required)) value = _reader!.Text();
            else if (Writes(name)) _writer!.Text(value);
        }

        public void Integer(string name, ref long value, bool required = false)
        {
            if (Begins(name, required)) value = _reader!.Integer();
            else if (Writes(name)) _writer!.Integer(value);
        }

        public void Number(string name, ref double value, bool required = false)
        {
            if (Begins(name, required)) value = _reader!.Number();
            else if (Writes(name)) _writer!.Number(value);
        }

        public void MaybeNumber(string name, ref double? value)
        {
            if (Begins(name, false)) value = _reader!.TryNull() ? (double?)null : _reader.Number();
            else if (!Writes(name)) return;
            else if (value == null) _writer!.Null();
            else _writer!.Number(value.Value);
        }

        public void Flag(string name, ref bool value, bool required = false)
        {
            if (Begins(name, required)) value = _reader!.Flag();
            else if (Writes(name)) _writer!.Flag(value);
        }

        public void Bytes(string name, ref byte[] value, bool required = false)
        {
            if (Begins(name, required)) value = _reader!.Bytes();
            else if (Writes(name)) _writer!.Bytes(value);
        }

        public void Texts(string name, ref string[] value, bool required = false)
        {
            if (Begins(name, required)) value = ReadList(_reader!.Text);
            else if (Writes(name)) WriteList(value, _writer!.Text);
        }

        public void Numbers(string name, ref double[] value, bool required = false)
        {
            if (Begins(name, required)) value = ReadList(_reader!.Number);
            else if (Writes(name)) WriteList(value, _writer!.Number);
        }

        public void Part<T>(string name, ref T value, Func<T> make, bool required = false) where T : WireObject
        {
            if (Begins(name, required)) value = ReadPart(make);
            else if (Writes(name)) WritePart(value);
        }

        public void MaybePart<T>(string name, ref T? value, Func<T> make) where T : WireObject
        {
            if (Begins(name, false)) value = _reader!.TryNull() ? null : ReadPart(make);
            else if (Writes(name) && value == null) _writer!.Null();
            else if (_pass == Pass.Write) WritePart(value!);
        }

        public void Parts<T>(string name, ref T[] value, Func<T> make, bool required = false) where T : WireObject
        {
            if (Begins(name, required)) value = ReadList(() => ReadPart(make));
            else if (Writes(name)) WriteList(value, WritePart);
        }

        private T[] ReadList<T>(Func<T> readOne)
        {
            var items = new System.Collections.Generic.List<T>();
            _reader!.BeginList();
            while (_reader.NextItem()) items.Add(readOne());
            return items.Count == 0 ? Array.Empty<T>() : items.ToArray();
        }

        private void WriteList<T>(T[] items, Action<T> writeOne)
        {
            _writer!.BeginList(items.Length);
            foreach (T item in items) writeOne(item);
            _writer.EndList();
        }

        private T ReadPart<T>(Func<T> make) where T : WireObject
        {
            var outer = (_key, _index, _seen);
            T part = make();
            Read(part);
            (_key, _index, _seen) = outer;
            (_pass, _taken) = (Pass.Read, true);
            return part;
        }

        private void WritePart(WireObject part)
        {
            int outer = _index;
            Write(part);
            (_pass, _index) = (Pass.Write, outer);
        }

        private int CountOf(WireObject value)
        {
            Run(value, Pass.Count);
            return _index;
        }

        private void Run(WireObject value, Pass pass)
        {
            (_pass, _index) = (pass, 0);
            value.Exchange(this);
        }

        /// <summary>True when this field's value comes next from the reader.</summary>
        private bool Begins(string name, bool required)
        {
            ulong bit = 1UL << _index++;
            if (_pass == Pass.Check && required && (_seen & bit) == 0) throw new WireError($"field {name} is missing");
            if (_pass != Pass.Read || _taken || _key != name) return false;
            _seen |= bit;
            return _taken = true;
        }

        private bool Writes(string name)
        {
            if (_pass != Pass.Write) return false;
            _writer!.Key(name);
            return true;
        }
    }
}
