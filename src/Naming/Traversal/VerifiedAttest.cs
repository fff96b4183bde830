namespace Fairlead.Naming.Traversal;

/// <summary>One anchor's decision about the asker, checked.</summary>
/// <param name="Anchor">The anchor's id.</param>
/// <param name="Allowed">Whether it allows.</param>
/// <param name="Issued">When it was decided, in unix milliseconds.</param>
/// <param name="Expires">When the decision ends, in unix milliseconds.</param>
/// <param name="Rule">The digest of the deciding Rule; null where no Rule decided.</param>
/// <param name="RuleId">The id of that Rule where the answer showed it.</param>
public sealed record VerifiedAttest(
    string Anchor, bool Allowed, long Issued, long Expires, Digest? Rule, string? RuleId)
{
    /// <summary>One of <see cref="AttestRole"/>.</summary>
    public required string Role { get; init; }

    /// <summary>The names that it is about.</summary>
    public required NamePattern Scope { get; init; }

    /// <summary>The subject it is about; null for the asker's whole segment.</summary>
    public Digest? Subject { get; init; }

    /// <summary>What it bounds the answer to; null for nothing.</summary>
    public Constraints? Constraints { get; init; }

    /// <summary>The deciding Rule where the answer showed it.</summary>
    public Rule? ShownRule { get; init; }
}
