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
    /// The trust domains that all of the home's Scopes give away, each with the segment that it is given to (V54). An
    /// anchor of the home knows them; a consumer is shown the Scopes of home and target alone, and has null.
    /// </summary>
    public IReadOnlyDictionary<string, Digest>? ScopedDomains { get; init; }

    /// <summary>Who checks signatures beside the verifier; null for nobody.</summary>
    public SignatureHelp? Help { get; init; }
}
