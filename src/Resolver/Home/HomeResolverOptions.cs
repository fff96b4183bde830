using System.Collections.Immutable;
using System.Security.Cryptography;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Home;

/// <summary>What a resolver starts from. Immutable.</summary>
public sealed record HomeResolverOptions
{
    /// <value>The trust root.</value>
    public required HomePin Home { get; init; }

    /// <value>
    /// Where the home is reached first, in the order in which it is asked. The anchors of its newest epoch are asked
    /// after these.
    /// </value>
    public required ImmutableArray<IpEndpoint> Anchors { get; init; }

    /// <value>Names that the operator binds beforehand.</value>
    public ImmutableArray<KeyValuePair<SegmentName, Pin>> Pins { get; init; } = [];

    /// <value>The pod's own key: whose state file it is, and by which the home knows it unless there is
    /// <see cref="Proof"/>.</value>
    public required TlsIdentity Identity { get; init; }

    /// <value>How the pod proves itself where its key is not on file with the home (V50); null where it is.</value>
    public IConsumerProof? Proof { get; init; }

    /// <value>The file of the verifier's state; null to remember nothing beyond the process (V41).</value>
    public string? StateFile { get; init; }

    /// <value>
    /// The folder of verified answers, from which a restart serves at once what is still good; null for none. Of use
    /// beside a <see cref="StateFile"/> alone: what they are verified against stands there.
    /// </value>
    public string? AnswerFolder { get; init; }

    /// <value>What verification is told.</value>
    public VerifierOptions Verifier { get; init; } = VerifierOptions.Default;

    /// <value>How many names are held at most; 10,000 by default.</value>
    public int NamesMax { get; init; } = 10_000;

    /// <value>How many bytes of answers are held at most; 64 MiB by default.</value>
    public long BytesMax { get; init; } = 64 * 1_048_576;

    /// <value>Says which names are not given up for others; a name that changes sides must be wanted again to be
    /// treated so.</value>
    public Func<string, bool> IsKept { get; init; } = static _ => false;

    /// <value>Says which names belong to those: they are kept too, but fill no more than half of the room.</value>
    public Func<string, bool> IsKeptPart { get; init; } = static _ => false;

    /// <value>
    /// How many responses of one stream may wait to be handled; beyond it the stream is not read. 32 by default.
    /// </value>
    public int UnhandledMax { get; init; } = 32;

    /// <value>How many requests may wait to be sent to one anchor; with one more it counts as one that reads none.
    /// 20,000 by default: all names, each asked for and left.</value>
    public int UnsentMax { get; init; } = 20_000;

    /// <value>How long an anchor may take before another one is asked in its place. Default 2 s.</value>
    public TimeSpan AskPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <value>How long an anchor may be silent at most before another one is asked beside it. Default 200 ms.</value>
    public TimeSpan HedgeMax { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <value>How long more than F anchors of the home wait for the others at first contact. Default half a
    /// second.</value>
    public TimeSpan MeetPatience { get; init; } = HomeMeeting.ClockPatience;

    /// <value>How long a name that had to leave an anchor stays with another before it tries to go back. Default
    /// 5 s.</value>
    public TimeSpan ReturnAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>Both clocks.</value>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <value>Fills nonces, unguessably; the system's generator by default.</value>
    public Action<Span<byte>> FillRandom { get; init; } = RandomNumberGenerator.Fill;

    /// <value>Spreads renewals.</value>
    public required Random Random { get; init; }

    /// <summary>A connection to an anchor of the home, on which the pod proves itself as it does everywhere
    /// (V50).</summary>
    /// <param name="anchor">Where it listens.</param>
    /// <param name="proof">The proof of today; null where the key is one.</param>
    /// <param name="home">The home's verified chain; null before it was met.</param>
    internal AnchorClient Connect(IpEndpoint anchor, ConsumerProof? proof, SegmentState? home) =>
        new(anchor, proof?.Certificate ?? Identity, Time, home) { Token = proof?.Token };
}
