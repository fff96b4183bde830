using Fairlead.Naming;

namespace Fairlead.TestKit;

/// <summary>What a test may choose of a <see cref="TestSegment"/>.</summary>
public sealed record TestSegmentOptions
{
    /// <summary>The instant of epoch 0, in unix ms.</summary>
    public const long Start = 1_930_000_000_000;

    /// <summary>The segment's full name.</summary>
    public string Name { get; init; } = "us1.internal";

    /// <summary>The first of its key numbers: gov, seal and tls of anchor i are First + 3i .. First + 3i + 2, the
    /// publisher's is First + 90. Two segments need 100 between them.</summary>
    public int FirstKey { get; init; } = 100;

    /// <summary>How many anchors.</summary>
    public int Anchors { get; init; } = 4;

    /// <summary>How many of them may lie.</summary>
    public int Faults { get; init; } = 1;

    /// <summary>Signers of epochs and seals; 0 = floor(2n/3) + 1.</summary>
    public int Threshold { get; init; }

    /// <summary>Attests that an answer needs.</summary>
    public int Attest { get; init; } = 1;

    /// <summary>When epoch 0 was issued, unix ms.</summary>
    public long Issued { get; init; } = Start;

    /// <summary>Life of each epoch, ms.</summary>
    public long EpochLife { get; init; } = 7L * 24 * 3600 * 1000;

    /// <summary>A last word on epoch 0, before its keys consent; the anchors and the quorum may no longer hold
    /// V11.</summary>
    public Func<Epoch, Epoch> Genesis { get; init; } = epoch => epoch;

    /// <summary>Whether epoch 0 has the Rule <c>open</c> (allow, <c>*.svc</c>, any segment).</summary>
    public bool OpenRule { get; init; } = true;

    /// <summary>Further op-made leaves of epoch 0; their <c>made</c> must be 0.</summary>
    public IReadOnlyList<ParsedLeaf> Leaves { get; init; } = [];
}
