#nullable enable

namespace Stagedoor
{
    /// <summary>Where a connection stands; the table of PROTOCOL.md, "When what is legal".</summary>
    public enum Phase { New, Undisclosed, Open, Closed }

    /// <summary>What may be sent in which phase. Nothing that a server would refuse leaves this package.</summary>
    public sealed class Handshake
    {
        public Phase Phase { get; private set; } = Phase.New;

        /// <summary>Moves on when the message may be sent now; false when it must not be, and nothing changes.</summary>
        public bool TrySend(Message message)
        {
            switch (message)
            {
                case Hello hello when Phase == Phase.New:
                    Phase = hello.Resume == null ? Phase.Undisclosed : Phase.Open;
                    return true;
                case DisclosureAcknowledged _ when Phase == Phase.Undisclosed:
                    Phase = Phase.Open;
                    return true;
                case Leave _ when Phase != Phase.Closed:
                    Phase = Phase.Closed;
                    return true;
                case Ping _:
                    return Phase != Phase.Closed;
                case ConsentChange _:
                    return Phase == Phase.Undisclosed || Phase == Phase.Open;
                case Hello _:
                case DisclosureAcknowledged _:
                case Leave _:
                    return false;
                default:
                    return Phase == Phase.Open;
            }
        }
    }
}
