#nullable enable
using System;
using System.Collections.Generic;

namespace Stagedoor
{
    /// <summary>
    /// Finds the blendshapes of a mesh that a name of the protocol means. Exporters put things before names
    /// ("Face.blendShape1.jawOpen"), write them in other cases ("JawOpen", "jaw_open"), shorten sides ("mouthSmile_L"),
    /// and VRoid has names of its own for VRM's mouths and moods.
    /// </summary>
    public static class ShapeNames
    {
        private static readonly Dictionary<string, string> VRoid = new Dictionary<string, string>
        {
            ["aa"] = "fclmtha", ["ih"] = "fclmthi", ["ou"] = "fclmthu", ["ee"] = "fclmthe", ["oh"] = "fclmtho",
            ["happy"] = "fclalljoy", ["angry"] = "fclallangry", ["sad"] = "fclallsorrow", ["relaxed"] = "fclallfun",
            ["surprised"] = "fclallsurprised", ["blink"] = "fcleyeclose", ["blinkleft"] = "fcleyeclosel",
            ["blinkright"] = "fcleyecloser",
        };

        /// <summary>Index into `shapes` for each of `names`, or -1.</summary>
        public static int[] Match(string[] names, string[] shapes)
        {
            string[] plain = Array.ConvertAll(shapes, Plain);
            return Array.ConvertAll(names, name => Find(Plain(name), plain));
        }

        private static int Find(string name, string[] plain)
        {
            int exact = Array.IndexOf(plain, name);
            if (exact >= 0) return exact;
            if (VRoid.TryGetValue(name, out string? own))
            {
                int found = Array.FindIndex(plain, shape => shape.EndsWith(own, StringComparison.Ordinal));
                if (found >= 0) return found;
            }
            string viseme = "viseme" + name; // Oculus' and Ready Player Me's: viseme_aa
            return Array.FindIndex(plain, shape => shape == viseme || (name.Length > 3 && shape.EndsWith(name, StringComparison.Ordinal)));
        }

        /// <summary>Letters and digits after the last dot, lower case, sides written out.</summary>
        private static string Plain(string name)
        {
            string last = name.Substring(name.LastIndexOf('.') + 1);
            bool isShape = !last.StartsWith("Fcl", StringComparison.Ordinal) && last.IndexOf("_Fcl_", StringComparison.Ordinal) < 0;
            if (isShape && last.EndsWith("_L", StringComparison.OrdinalIgnoreCase)) last = last.Substring(0, last.Length - 2) + "Left";
            if (isShape && last.EndsWith("_R", StringComparison.OrdinalIgnoreCase)) last = last.Substring(0, last.Length - 2) + "Right";
            var letters = new System.Text.StringBuilder(last.Length);
            foreach (char letter in last)
            {
                if (char.IsLetterOrDigit(letter)) letters.Append(char.ToLowerInvariant(letter));
            }
            return letters.ToString();
        }
    }
}
