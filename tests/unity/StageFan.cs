using System;
using System.Diagnostics;
using System.Threading;
using Stagedoor;

/// <summary>
/// The package's Core as a guest of the conformance kit: agrees to every disclosure, plays what it is sent, is silent
/// into its microphone, and begins a new visit after every close with 1000. It ends when its stdin does.
/// </summary>
public static class StageFan
{
    private const int DeviceHz = 48000;
    private const int BlockFrames = 480;
    private static readonly Stopwatch Clock = Stopwatch.StartNew();

    private static double NowS => Clock.Elapsed.TotalSeconds;

    /// <summary>Arguments: address, subprotocol.</summary>
    public static int Main(string[] arguments)
    {
        var options = new ClientOptions { Address = new Uri(arguments[0]), Subprotocol = arguments[1], DeviceRateHz = DeviceHz };
        using var client = new AvatarClient(options);
        bool comesAgain = true;
        client.DisclosureNeeded += _ => client.AcknowledgeDisclosure();
        client.Ended += (code, reason) => comesAgain = code == 1000;
        var over = new Thread(() => Console.In.ReadToEnd()) { IsBackground = true };
        over.Start();
        var microphone = new MicrophoneUplink(client, DeviceHz);
        var silence = new float[BlockFrames];
        var block = new float[BlockFrames];
        for (long blocks = 0; over.IsAlive;)
        {
            if (client.State == ClientState.Closed && comesAgain) client.Connect(NowS);
            for (; blocks * BlockFrames < NowS * DeviceHz; blocks++)
            {
                client.Conversation?.Speaker.Fill(block, 1, NowS, multiply: false);
                microphone.Write(silence, BlockFrames, 1);
            }
            client.Tick(NowS);
            Thread.Sleep(4);
        }
        return 0;
    }
}
