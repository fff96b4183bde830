using System.Collections.Immutable;

namespace Fairlead.Xds;

/// <summary>One type on one stream, for operators. Immutable.</summary>
/// <param name="Type">The type.</param>
/// <param name="Wildcard">Whether the client asks for everything.</param>
/// <param name="Names">The names it asks for, sorted.</param>
/// <param name="Resources">How many resources it holds by us.</param>
/// <param name="SentVersion">The version of what it holds; empty before the first response.</param>
/// <param name="SentAt">When the last response was sent.</param>
/// <param name="AckedVersion">The last version that it took; empty for none.</param>
/// <param name="AckedAt">When it took that.</param>
/// <param name="Waiting">Whether the last response is neither taken nor refused.</param>
/// <param name="Refused">Its last refusal, if nothing was taken since.</param>
public sealed record TypeStatus(
    ResourceType Type,
    bool Wildcard,
    ImmutableArray<string> Names,
    int Resources,
    string SentVersion,
    DateTimeOffset? SentAt,
    string AckedVersion,
    DateTimeOffset? AckedAt,
    bool Waiting,
    Refused? Refused)
{
    /// <summary>When its last refusal came; null where <see cref="Refused"/> is.</summary>
    public DateTimeOffset? RefusedAt { get; init; }

    /// <summary>The names of what it refused and took nothing of since, sorted.</summary>
    public ImmutableArray<string> RefusedNames { get; init; } = [];

    /// <summary>What it asks for and is not sent as it is now, by name, with the reason; the first hundred.</summary>
    public ImmutableArray<WithheldResource> Withheld { get; init; } = [];
}

/// <summary>A resource that a client is not sent though it asks for it. Immutable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why: <c>TooLarge</c> or <c>NoRoom</c> and how many bytes, or the client's words.</param>
public sealed record WithheldResource(string Name, string Reason);
