using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Stagedoor;
using UnityEngine;

/// <summary>
/// A scene as somebody would build it, on the imitation of Unity in stubs/: frames, audio blocks and microphone samples go
/// by in real time, and the components do the rest. Each thing that happens is a line on stdout: what, tab, detail.
/// </summary>
public static class PlayMode
{
    private const int DeviceHz = 48000;
    private const int BlockFrames = 480;
    private const int MicrophoneHz = 16000;
    private const float Volume = 0.5f;

    private static readonly List<string> Words = new List<string>();
    private static readonly Dictionary<float, float> Loudest = new Dictionary<float, float> { [1] = 0, [Volume] = 0 };
    private static readonly double StartS = StagedoorAvatar.NowS;
    private static byte[] speech = Array.Empty<byte>();
    private static SkinnedMeshRenderer mesh;
    private static StagedoorAvatar avatar;
    private static StagedoorSpeaker speaker;
    private static long blocks;
    private static long microphoneSamples;
    private static float volume = 1;
    private static float jaw;
    private static int ends;

    /// <summary>Arguments: address, a line to type, a file to speak (PCM16 at 16 kHz).</summary>
    public static int Main(string[] arguments)
    {
        BuildScene(arguments[0]);
        avatar.Tell("Start");
        bool wasSilent = true;
        Until(() => avatar.State == ClientState.Disclosing);
        For(0.2);
        Say("recorded before the yes", Microphone.Hear(0).ToString());
        wasSilent &= Loudest[1] == 0;
        avatar.AcknowledgeDisclosure();
        avatar.SendText(arguments[1]);
        Until(() => ends == 1);
        Say("words", string.Join(" ", Words));
        Words.Clear();
        volume = Volume;
        speech = File.ReadAllBytes(arguments[2]);
        Until(() => ends == 2);
        Say("words", string.Join(" ", Words));
        For(0.1);
        Say("at half volume it is half as loud", (Math.Abs(Loudest[Volume] - Volume * Loudest[1]) < 0.02 * Loudest[1]).ToString());
        float before = Loudest[Volume];
        For(0.2);
        Say("silent before and after", (wasSilent && Loudest[Volume] == before).ToString());
        Say("blendshapes found", avatar.GetComponent<BlendshapeFace>().Matched.ToString());
        Say("jaw moved", (jaw > 10 && jaw <= 100).ToString());
        avatar.Tell("OnDestroy");
        Thread.Sleep(300); // the goodbye goes out by itself
        return 0;
    }

    private static void BuildScene(string address)
    {
        var character = new GameObject("Character");
        mesh = character.AddComponent<SkinnedMeshRenderer>();
        mesh.sharedMesh = new Mesh { Shapes = new[] { "Basis", "Head.jaw_open", "mouthSmile_L" } };
        character.AddComponent<BlendshapeFace>();
        var voice = new GameObject("Voice");
        voice.transform.SetParent(character.transform, false);
        speaker = voice.AddComponent<StagedoorSpeaker>();
        avatar = character.AddComponent<StagedoorAvatar>();
        avatar.address = address;
        character.AddComponent<StagedoorMicrophone>();
        AvatarEvents events = avatar.events;
        events.stateChanged.AddListener(state => Say("state", state));
        events.fanSaid.AddListener(text => Say("fan said", text));
        events.wordHeard.AddListener(Words.Add);
        events.replyEnded.AddListener(() => ends++);
        events.wentWrong.AddListener((code, message) => Say("went wrong", code));
    }

    private static void For(double seconds)
    {
        long wanted = blocks + (long)(seconds * DeviceHz / BlockFrames);
        Until(() => blocks >= wanted);
    }

    private static void Until(Func<bool> isSo)
    {
        for (double endS = StagedoorAvatar.NowS + 30; !isSo(); Thread.Sleep(8))
        {
            if (StagedoorAvatar.NowS > endS) Environment.Exit(1); // waited in vain
            double passedS = StagedoorAvatar.NowS - StartS;
            for (; blocks * BlockFrames < passedS * DeviceHz; blocks++) Sound();
            for (; microphoneSamples < passedS * MicrophoneHz; microphoneSamples++) Speak();
            foreach (string message in new[] { "Update", "LateUpdate" })
            {
                foreach (Component component in avatar.gameObject.Below()) component.Tell(message);
            }
            if (mesh.Weights.TryGetValue(1, out float weight)) jaw = Math.Max(jaw, weight);
        }
    }

    /// <summary>What Unity does with an AudioSource that plays a constant 1 at some volume, in stereo.</summary>
    private static void Sound()
    {
        var data = Enumerable.Repeat(volume, 2 * BlockFrames).ToArray();
        speaker.Tell("OnAudioFilterRead", data, 2);
        Loudest[volume] = Math.Max(Loudest[volume], data.Max(Math.Abs));
    }

    private static int spoken;

    private static void Speak()
    {
        bool isOver = 2 * spoken + 1 >= speech.Length;
        if (Microphone.Hear(isOver ? 0 : BitConverter.ToInt16(speech, 2 * spoken) / 32768f) && !isOver) spoken++;
    }

    private static void Say(string what, string detail)
    {
        Console.WriteLine($"{what}\t{detail}");
        Console.Out.Flush();
    }
}
