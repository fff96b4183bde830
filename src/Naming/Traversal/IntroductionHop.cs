namespace Fairlead.Naming.Traversal;

/// <summary>A transit's hop as it came, and who checks it. Immutable.</summary>
public sealed record IntroductionHop
{
    /// <summary>The segment that checks: the asker's home, or the target that is being asked (V48).</summary>
    public required Digest Own { get; init; }

    /// <summary>Its full name.</summary>
    public required SegmentName OwnName { get; init; }

    /// <summary>Its newest epoch: clock tolerance, refused tags, the longest age of an introduction.</summary>
    public required Parsed<Epoch> OwnEpoch { get; init; }

    /// <summary>The home of whoever is introduced.</summary>
    public required Digest Home { get; init; }

    /// <summary>The name of the segment to which it leads.</summary>
    public required SegmentName Target { get; init; }

    /// <summary>The transit's name on this path.</summary>
    public required SegmentName Name { get; init; }

    /// <summary>What is held of the transit; null for nothing.</summary>
    public SegmentState? Held { get; init; }

    /// <summary>
    /// Whether who it introduces was introduced before (I24): then what its keys are misused for since ends nothing
    /// (V38).
    /// </summary>
    public bool IsIntroducedBefore { get; init; }

    /// <summary>Whether the transit says it now, and did not say it before: then nobody signs it who contradicted
    /// itself in the newest epoch that is held, under whatever epoch it stands (V38).</summary>
    public bool IsNew { get; init; }

    /// <summary>The epoch that its chain must contain, by what names it; null for none.</summary>
    public Floor? Floor { get; init; }

    /// <summary>The hop.</summary>
    public required UnverifiedHop Hop { get; init; }

    /// <summary>
    /// What it says: <see cref="AnswerResult.Record"/> where it leads on, else negative or denied.
    /// </summary>
    public AnswerResult Result { get; init; } = AnswerResult.Record;

    /// <summary>The segment to which it must lead; null where its own leaves say so (longest match).</summary>
    public Digest? Next { get; init; }

    /// <summary>One fixed moment, in unix milliseconds.</summary>
    public required long Now { get; init; }

    /// <summary>What was verified before.</summary>
    public VerifiedCache? Cache { get; init; }
}
