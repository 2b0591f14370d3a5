#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>Whole sessions as a real server had them: every sample of every reply is heard once, in order.</summary>
    public sealed class RecordedTests
    {
        private const double StepS = 0.005;

        private sealed class Record
        {
            public double AtS;
            public long Connection;
            public string Direction = "";
            public byte[] Frame = Array.Empty<byte>();
        }

        [TestCase("spoken")]
        [TestCase("resumed")]
        public void EverySampleIsHeardOnceAndMarked(string name)
        {
            List<Record> records = Read(name);
            var sockets = new List<ScriptedTransport>();
            using var client = new AvatarClient(new ClientOptions { DeviceRateHz = Server.RateHz, Seed = 1 }, () =>
            {
                sockets.Add(new ScriptedTransport());
                return sockets.Last();
            });
            client.DisclosureNeeded += _ => client.AcknowledgeDisclosure();
            client.Connect(0);
            float[] heard = Play(client, sockets, records);
            float[] wanted = Sent(records);
            Assert.That(wanted.Length, Is.GreaterThan(10000));
            Assert.That(WithoutPauses(heard, wanted), Is.EqualTo(wanted.Length), "samples heard, each once and in order");
            Assert.That(client.Malformed, Is.Zero);
            Assert.That(sockets.Last().Sent.OfType<PlaybackMark>().Concat(sockets[0].Sent.OfType<PlaybackMark>())
                .Max(mark => mark.HeardSamples), Is.EqualTo(wanted.Length));
        }

        /// <summary>The frames of the server come at their times; those of a later connection once the client is there.</summary>
        private static float[] Play(AvatarClient client, List<ScriptedTransport> sockets, List<Record> records)
        {
            var block = new float[(int)(Server.RateHz * StepS)];
            var heard = new List<float>();
            int next = 0;
            double lateS = 0;
            for (double nowS = 0; nowS < records.Last().AtS + 4; nowS += StepS)
            {
                client.Tick(nowS);
                while (next < records.Count && records[next].AtS + lateS <= nowS)
                {
                    Record record = records[next];
                    if (record.Connection >= sockets.Count)
                    {
                        lateS += StepS;
                        break;
                    }
                    if (record.Direction == "down") sockets[(int)record.Connection].Raw(record.Frame);
                    if (record.Direction == "lost") sockets[(int)record.Connection].Hang(TransportEvent.Lost);
                    next++;
                }
                client.Tick(nowS);
                Array.Clear(block, 0, block.Length);
                client.Conversation?.Speaker.Fill(block, 1, nowS, multiply: false);
                heard.AddRange(block);
            }
            return heard.ToArray();
        }

        /// <summary>How many of `wanted` are in `heard` in order, with nothing but silence between; -1 for anything else.</summary>
        private static int WithoutPauses(float[] heard, float[] wanted)
        {
            int found = 0;
            foreach (float sample in heard)
            {
                if (found < wanted.Length && sample == wanted[found]) found++;
                else if (sample != 0) return -1;
            }
            return found;
        }

        private static float[] Sent(List<Record> records)
        {
            var codec = new Codec(Codec.MsgPackProtocol);
            var samples = new SortedDictionary<(long reply, long number), float>();
            foreach (Record record in records.Where(record => record.Direction == "down"))
            {
                if (!(codec.DecodeServer(record.Frame) is ReplyChunk chunk)) continue;
                for (int i = 0; i < chunk.Samples; i++)
                {
                    samples[(chunk.ReplyId, chunk.StartSamples + i)] = BitConverter.ToInt16(chunk.Audio, 2 * i) / 32768f;
                }
            }
            return samples.Values.ToArray();
        }

        private static List<Record> Read(string name)
        {
            byte[] data = File.ReadAllBytes(Path.Combine(Golden.Folder(), "recorded", name + ".msgpack-stream"));
            var reader = new MsgPackReader();
            reader.Reset(data, 0, data.Length);
            var records = new List<Record>();
            while (!reader.IsAtEnd)
            {
                var record = new Record();
                reader.BeginMap();
                while (reader.NextKey(out string key))
                {
                    if (key == "at_s") record.AtS = reader.Number();
                    else if (key == "connection") record.Connection = reader.Integer();
                    else if (key == "direction") record.Direction = reader.Text();
                    else if (key == "frame") record.Frame = reader.Bytes();
                    else reader.Skip();
                }
                records.Add(record);
            }
            return records;
        }
    }
}
