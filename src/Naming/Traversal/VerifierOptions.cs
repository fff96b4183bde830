namespace Fairlead.Naming.Traversal;

/// <summary>What a verifier's operator may choose. Everything else is the home's policy.</summary>
public sealed record VerifierOptions
{
    /// <summary>Nothing unsafe, no cap.</summary>
    public static VerifierOptions Default { get; } = new();

    /// <summary>
    /// Development only: loopback addresses of foreign segments are used without a Scope (V53). Shown in every trace.
    /// </summary>
    public bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <summary>The longest time an answer is kept, in milliseconds; null for no local cap.</summary>
    public long? TtlCap { get; init; }

    /// <summary>
    /// Who asks. Where it is given, a Rule that an anchor shows must match it (V33); without it only the Rule's segment
    /// can be compared.
    /// </summary>
    public Subject? Subject { get; init; }

    /// <summary>
    /// The segment to which a trust domain is given by any Scope of the home (V54), where the verifier knows all of
    /// them, as the home's anchors do; an answer proves those of home and target alone. Null for none.
    /// </summary>
    public IReadOnlyDictionary<string, Digest>? Assigned { get; init; }

    /// <summary>Who checks signatures beside the verifier; null for nobody.</summary>
    public SignatureHelp? Help { get; init; }
}
