#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>This package writes what the golden files hold and reads all of them, in both forms.</summary>
    public sealed class GoldenTests
    {
        private static readonly Codec Json = new Codec(Codec.JsonProtocol);
        private static readonly Codec MsgPack = new Codec(Codec.MsgPackProtocol);

        private static IEnumerable<string> Down() => Golden.Names("down");

        private static IEnumerable<string> Up() => Golden.Names("up");

        [TestCaseSource(nameof(Down))]
        public void WhatAServerSaysIsReadWholeInBothForms(string name) => IsTheSame("down", name, (c, d) => c.DecodeServer(d));

        [TestCaseSource(nameof(Up))]
        public void WhatAClientSaysIsWrittenAsTheGoldenFiles(string name) => IsTheSame("up", name, (c, d) => c.DecodeClient(d));

        [TestCaseSource(nameof(Down))]
        public void EveryBeginningOfAMessageIsRefusedAndNothingWorse(string name)
        {
            foreach (var (codec, form) in new[] { (MsgPack, "msgpack"), (Json, "json") })
            {
                byte[] data = Golden.Read("down", name, form);
                int step = Math.Max(1, data.Length / 300);
                for (int count = 0; count < data.Length; count += step)
                {
                    var part = data.Take(count).ToArray();
                    Assert.Throws<WireError>(() => codec.DecodeServer(part), $"{form}, {count} bytes");
                }
            }
        }

        [TestCaseSource(nameof(Down))]
        public void DamagedMessagesAreReadOrRefusedAndNothingWorse(string name)
        {
            var random = new Random(7);
            foreach (var (codec, form) in new[] { (MsgPack, "msgpack"), (Json, "json") })
            {
                byte[] whole = Golden.Read("down", name, form);
                for (int i = 0; i < 500; i++)
                {
                    var data = (byte[])whole.Clone();
                    for (int k = random.Next(1, 4); k > 0; k--) data[random.Next(data.Length)] = (byte)random.Next(256);
                    try
                    {
                        codec.DecodeServer(data);
                    }
                    catch (WireError)
                    {
                        continue;
                    }
                }
            }
        }

        [Test]
        public void DefaultsAreThoseOfTheProtocol()
        {
            var lines = Tree.OfMsgPack(MsgPack.Encode(new Hello()));
            Assert.That(lines, Is.EqualTo(Tree.OfMsgPack(Golden.Read("up", "hello.defaults", "msgpack"))));
        }

        [Test]
        public void UnknownTypesAndFieldsAreForTheFuture()
        {
            var future = System.Text.Encoding.UTF8.GetBytes("{\"deep\":{\"a\":[1,{\"b\":null}]},\"type\":\"confetti\"}");
            Assert.That(Json.DecodeServer(future), Is.InstanceOf<UnknownMessage>());
            var pong = System.Text.Encoding.UTF8.GetBytes("{\"server_at_ms\":1.5,\"new\":[{}],\"nonce\":7,\"type\":\"pong\"}");
            Assert.That(((Pong)Json.DecodeServer(pong)).Nonce, Is.EqualTo(7));
        }

        private static void IsTheSame(string direction, string name, Func<Codec, byte[], Message> decode)
        {
            var wanted = Tree.OfJson(Golden.Read(direction, name, "json"));
            Assert.That(Tree.OfMsgPack(Golden.Read(direction, name, "msgpack")), Is.EqualTo(wanted), "the two files");
            foreach (Codec from in new[] { MsgPack, Json })
            {
                Message message = decode(from, Golden.Read(direction, name, from.IsBinary ? "msgpack" : "json"));
                if (message is UnknownMessage unknown) TestContext.WriteLine($"not known: {unknown.Type}");
                if (message is UnknownMessage) return; // a newer server's: to be ignored, and said
                HoldsTheSame(Tree.OfMsgPack(MsgPack.Encode(message)), wanted);
                HoldsTheSame(Tree.OfJson(Json.Encode(message)), wanted);
            }
        }

        /// <summary>What was read and written again is what the file says; fields of a newer protocol may be missing.</summary>
        private static void HoldsTheSame(IDictionary<string, string> found, IDictionary<string, string> wanted)
        {
            foreach (var line in found) Assert.That(wanted, Does.ContainKey(line.Key).WithValue(line.Value));
            foreach (string path in wanted.Keys.Where(path => !found.ContainsKey(path)))
            {
                TestContext.WriteLine($"not known: {wanted["/type"].Substring(5)}{path}");
            }
        }
    }
}
