using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// An answer of which every part was verified from the home's genesis outwards. Only <see cref="AnswerVerifier"/> makes
/// one: whoever holds it need not ask again whether it may be trusted, only for how long. Immutable, thread-safe.
/// </summary>
public sealed class VerifiedAnswer
{
    internal VerifiedAnswer(Parsed<Query> query, Outcome outcome, ImmutableArray<VerifiedHop> hops, Ttl ttl)
    {
        Query = query;
        Outcome = outcome;
        Hops = hops;
        Ttl = ttl;
    }

    /// <summary>The query that it answers.</summary>
    public Parsed<Query> Query { get; }

    /// <summary>The absolute name asked for.</summary>
    public FullName Name => Query.Value.Name;

    /// <summary>What it says.</summary>
    public Outcome Outcome { get; }

    /// <summary>The segments on the path, from the home on; the last one answered.</summary>
    public ImmutableArray<VerifiedHop> Hops { get; }

    /// <summary>The record; null unless the outcome is <see cref="Outcome.Record"/>.</summary>
    public Record? Record { get; internal init; }

    /// <summary>The Set; null unless the outcome is <see cref="Outcome.Set"/>.</summary>
    public Set? Set { get; internal init; }

    /// <summary>The digest of the record, or of the Set; null without either.</summary>
    public Digest? RecordDigest { get; internal init; }

    /// <summary>The slices that every hop's constraints admit, in the record's order; empty without a record.</summary>
    public ImmutableArray<Slice> Slices { get; internal init; } = [];

    /// <summary>
    /// The target's bundles of the trust domains that its identities are of; empty without a record. Each is for its
    /// own domain alone: they are never merged (V55).
    /// </summary>
    public ImmutableArray<Bundle> Bundles { get; internal init; } = [];

    /// <summary>The gateways of networks that the home does not reach itself; empty without a record.</summary>
    public ImmutableArray<Gateway> Gateways { get; internal init; } = [];

    /// <summary>
    /// The networks that the home reaches without a gateway, by its Scope of the target; null where the target is the
    /// home itself, to which none is foreign.
    /// </summary>
    public ImmutableArray<string>? ReachedNetworks { get; internal init; } = [];

    /// <summary>Whether traffic can go to the endpoint's own address: behind another network only a gateway leads
    /// there.</summary>
    /// <param name="endpoint">An endpoint of one of <see cref="Slices"/>.</param>
    public bool IsInReach(SliceEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return endpoint.Network is not { } network || ReachedNetworks is not { } reached || reached.Contains(network);
    }

    /// <summary>How long it may be served.</summary>
    public Ttl Ttl { get; }

    /// <summary>When it was verified, in unix milliseconds.</summary>
    public long VerifiedAt { get; internal init; }

    /// <summary>Development only: loopback endpoints were admitted without a Scope.</summary>
    public bool UnsafeLoopbackAllowed { get; internal init; }

    /// <summary>The hop that answered.</summary>
    public VerifiedHop Target => Hops[^1];
}
