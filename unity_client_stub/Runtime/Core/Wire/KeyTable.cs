#nullable enable
using System;
using System.Text;

namespace Stagedoor
{
    /// <summary>
    /// Field names by their bytes, so that reading a message makes no string for a name that was seen before.
    /// Bounded: a name whose slot is taken by another is simply made anew each time.
    /// </summary>
    internal static class KeyTable
    {
        private static readonly string?[] Slots = new string?[512];

        public static string Find(byte[] data, int start, int count)
        {
            uint hash = 2166136261;
            for (int i = 0; i < count; i++) hash = (hash ^ data[start + i]) * 16777619;
            ref string? slot = ref Slots[hash % (uint)Slots.Length];
            string? known = slot;
            if (known != null && Matches(known, data, start, count)) return known;
            string made = Encoding.UTF8.GetString(data, start, count);
            slot ??= made;
            return made;
        }

        private static bool Matches(string known, byte[] data, int start, int count)
        {
            if (known.Length != count) return false;
            for (int i = 0; i < count; i++)
            {
                if (known[i] != data[start + i]) return false; // a name that is not ASCII never matches, and is made anew
            }
            return true;
        }
    }
}
