#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>
    /// The golden files of the protocol. They lie beside this package in the repository (protocol/golden), or where
    /// STAGEDOOR_GOLDEN says; without them the tests that read them are left out.
    /// </summary>
    internal static class Golden
    {
        public static string Folder()
        {
            string? named = Environment.GetEnvironmentVariable("STAGEDOOR_GOLDEN");
            string folder = named ?? Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "protocol", "golden");
            if (!Directory.Exists(folder)) Assert.Ignore("no golden files here; name their folder in STAGEDOOR_GOLDEN");
            return folder;
        }

        /// <summary>Names without suffix of `up` or `down`.</summary>
        public static IEnumerable<string> Names(string direction)
        {
            foreach (string file in Directory.GetFiles(Path.Combine(Folder(), direction), "*.msgpack"))
            {
                yield return Path.GetFileNameWithoutExtension(file);
            }
        }

        public static byte[] Read(string direction, string name, string form) =>
            File.ReadAllBytes(Path.Combine(Folder(), direction, $"{name}.{form}"));

        public static Welcome Welcome() =>
            (Welcome)new Codec(Codec.JsonProtocol).DecodeServer(Read("down", "hello", "json"));

        private static string ThisFile([CallerFilePath] string path = "") => path;
    }
}
