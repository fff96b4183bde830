using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// All that a verifier remembers between answers. An accepted answer comes with the next state; whoever holds it makes
/// that durable before the answer is used (V39). Immutable, thread-safe.
/// </summary>
public sealed record VerifierState
{
    /// <summary>The most trust domains that are bound, all segments together.</summary>
    public const int MaxDomains = 4096;

    /// <summary>The most trust domains bound to one segment: as many as four epochs without one in common
    /// declare.</summary>
    public const int MaxDomainsOfOne = 4 * Limits.Domains;

    private VerifierState(HomePin home)
    {
        Home = home;
    }

    /// <summary>The trust root.</summary>
    public HomePin Home { get; }

    /// <summary>The segments known, by genesis.</summary>
    public ImmutableDictionary<Digest, SegmentState> Segments { get; internal init; } =
        ImmutableDictionary<Digest, SegmentState>.Empty;

    /// <summary>The names that are bound to a genesis (V29); the home's own is among them.</summary>
    public ImmutableSortedDictionary<SegmentName, Pin> Pins { get; internal init; } =
        ImmutableSortedDictionary<SegmentName, Pin>.Empty;

    /// <summary>The segment that speaks for a trust domain (V54): by the home's Scope, else by first use.</summary>
    public ImmutableSortedDictionary<string, Digest> Domains { get; internal init; } =
        ImmutableSortedDictionary.Create<string, Digest>(StringComparer.Ordinal);

    /// <summary>The latest <c>issued</c> of a home seal, in unix milliseconds; the wall clock may not fall below it
    /// (V37).</summary>
    public long TimeFloor { get; internal init; }

    /// <summary>The home's state; null before the first contact.</summary>
    public SegmentState? HomeState => Segments.GetValueOrDefault(Home.Genesis);

    /// <summary>The clock tolerance: that of the newest home epoch held, 5 s before any.</summary>
    public long ClockDelta => HomeState?.Newest.Value.Policy.ClockDelta ?? Limits.DefaultClockDelta;

    /// <summary>The state of a verifier that has seen nothing yet.</summary>
    /// <param name="home">Its trust root.</param>
    /// <param name="pins">Further names that the operator binds.</param>
    public static VerifierState Start(HomePin home, IEnumerable<KeyValuePair<SegmentName, Pin>>? pins = null)
    {
        ArgumentNullException.ThrowIfNull(home);
        var all = ImmutableSortedDictionary.CreateBuilder<SegmentName, Pin>();
        foreach (var (name, pin) in pins ?? [])
        {
            all[name] = pin with { Source = null };
        }

        all[home.Name] = new Pin(home.Genesis, null, home.Floor);
        return new VerifierState(home) { Pins = all.ToImmutable() };
    }

    /// <summary>Whether there is room for one more trust domain of a segment: one that declares others in each epoch
    /// must not fill the memory.</summary>
    internal bool MayBind(Digest genesis) =>
        Domains.Count < MaxDomains && Domains.Values.Count(bound => bound == genesis) < MaxDomainsOfOne;

    /// <summary>Where the operator lets a chain start; null for its genesis.</summary>
    internal Floor? StartOf(Digest genesis)
    {
        foreach (var (_, pin) in Pins)
        {
            if (pin.Genesis == genesis && pin.Floor is { } floor)
            {
                return floor;
            }
        }

        return null;
    }

    /// <summary>
    /// This state as one that may judge what it judged before: chains, pins and the floors of leaves count, the newest
    /// seals and the time floor do not.
    /// </summary>
    internal VerifierState Unordered() => this with
    {
        Segments = Segments.ToImmutableDictionary(held => held.Key, held => held.Value with { Seal = null }),
        TimeFloor = 0,
    };

    /// <summary>
    /// This state with a segment's chain as far as <see cref="EpochChain"/> verified it. Only the epochs count: what
    /// was learned of seals and leaves while the chain was fetched stays, and so does a chain that does not continue
    /// what is held (V14, V15).
    /// </summary>
    /// <param name="segment">The segment's state.</param>
    public VerifierState With(SegmentState segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        return Segments.GetValueOrDefault(segment.Genesis) is not { } held
            ? this with { Segments = Segments.SetItem(segment.Genesis, segment) }
            : held.Continued(segment) is { } longer
                ? this with { Segments = Segments.SetItem(segment.Genesis, longer) }
                : this;
    }
}
