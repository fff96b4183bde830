using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The homes whose anchors ask here: neighbours by this segment's own leaves, others by an introduction, each with its
/// verified chain (V1-V15, V48). Thread-safe.
/// </summary>
internal sealed class HomeBook
{
    /// <summary>The most homes.</summary>
    internal const int HomesMax = 1024;

    // First contacts of those who share a bucket: a restart of this anchor is one for all of its homes at once.
    private const int StrangersPerSecond = 100;
    private const int StrangersBurst = 4096;

    private readonly ServingContext _context;
    private readonly VerifiedCache _cache;
    private readonly Func<Digest, SegmentState?> _own;
    private readonly StrangerBook _strangers;
    private readonly RateBook _onward;
    private readonly RateBook _onwardOfOne;
    private readonly RateBook _asking;
    private readonly RateBook _relaying;
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Home> _homes = [];
    private readonly Dictionary<Digest, long> _told = [];
    private readonly LinkedList<Digest> _order = new();
    private readonly int _homesMax;

    /// <param name="context">The anchor.</param>
    /// <param name="cache">What was verified before.</param>
    /// <param name="own">The chains that this anchor knows by itself.</param>
    /// <param name="homesMax">The most homes.</param>
    internal HomeBook(
        ServingContext context, VerifiedCache cache, Func<Digest, SegmentState?> own, int homesMax = HomesMax)
    {
        (_context, _cache, _own, _homesMax) = (context, cache, own, homesMax);
        Rates = new RateBook(() => context.Rates.OfSegment, context.Time);
        Relays = new RateBook(() => context.Rates.OfSegment, context.Time);
        _onward = new RateBook(() => context.Rates.OfRelayed, context.Time);
        _onwardOfOne = new RateBook(() => context.Rates.OfRelayedForOne, context.Time);
        _asking = new RateBook(() => context.Rates.OfSegment, context.Time);
        _relaying = new RateBook(() => context.Rates.OfSegment, context.Time);
        _strangers = new StrangerBook(StrangersPerSecond, StrangersBurst, context.Time);
        Presented = new PresentedChains(context, ChainOf, HomeOf, cache) { Found = Find };
    }

    /// <summary>How often the anchors of one segment asked, by its genesis (V52).</summary>
    internal RateBook Rates { get; }

    /// <summary>How often the anchors of one segment relayed a question of others, by its genesis (V52).</summary>
    internal RateBook Relays { get; }

    /// <summary>Counts a question that is to be relayed to another segment: less of one segment than it may ask, and of
    /// that a part for each home behind it, so that none uses up what the others or this segment may ask there
    /// (V52).</summary>
    /// <returns><c>RateLimited</c>, or null.</returns>
    internal Refusal? CountOnward(RelayAsker asker) =>
        (asker.By == asker.Home ? null : _onwardOfOne.Take(asker.Pair)) ?? _onward.Take(asker.By);

    /// <summary>The chains that were shown page by page.</summary>
    internal PresentedChains Presented { get; }

    /// <summary>Told of what is shown here and may prove something against a segment's keys (V38); nothing of it is
    /// verified.</summary>
    internal event Action<Contradiction>? Found;

    /// <summary>The chain of another segment that this anchor knows by itself; null for none.</summary>
    internal SegmentState? OfOthers(Digest genesis) => _own(genesis);

    /// <summary>A home as it is known now.</summary>
    /// <param name="Chain">Its chain.</param>
    /// <param name="Floor">The epoch that the chain must contain; null where what names it states none.</param>
    /// <param name="Until">When its introduction ends, in unix milliseconds; a neighbour's never does.</param>
    internal sealed record Home(SegmentState Chain, Floor? Floor, long Until)
    {
        /// <summary>The chain of the last segment that introduces it, where that came with the question.</summary>
        internal SegmentState? Introducer { get; init; }
    }

    /// <summary>Counts a question that was heard: who relays is counted itself, so that it cannot use up what the home
    /// may ask, nor those for whom it relays what it may ask for its own pods.</summary>
    /// <returns><c>RateLimited</c>, or null.</returns>
    internal Refusal? Count(RelayedAsk ask, Digest home) =>
        (ask.IsRelayed ? Relays : Rates).Take(ask.Asker(home).By);

    /// <summary>The home of an earlier question, where it may still ask; null else.</summary>
    internal Home? Find(Digest genesis, SegmentView view)
    {
        Home? home;
        lock (_gate)
        {
            home = _homes.GetValueOrDefault(genesis);
        }

        // What is proven of its keys elsewhere counts here as well: its Grants are such a key's (V38).
        if (home is not null && _own(genesis) is { } known)
        {
            home = home with { Chain = home.Chain.Accused(known) };
        }

        return home is null ? null
            : view.FloorOf(genesis) is { } floor ? home with { Floor = floor, Until = long.MaxValue }
            : IsOver(home, view) ? null : home;
    }

    /// <summary>Establishes the home of a question by what is known and what comes with it. It is remembered where an
    /// anchor of its newest epoch asks: what others show of a segment changes nothing for that.</summary>
    /// <param name="kid">The key of the connection.</param>
    /// <param name="genesis">The home.</param>
    /// <param name="target">The segment that is asked for.</param>
    /// <param name="homeEpochs">Its chain, or what continues it.</param>
    /// <param name="via">The introducing hops; empty for none.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="home">The home.</param>
    /// <param name="from">Where the question comes from; see <see cref="Identities.Caller.From"/>.</param>
    internal Refusal? Learn(
        Digest kid,
        Digest genesis,
        SegmentName target,
        IReadOnlyCollection<EpochDoc> homeEpochs,
        IReadOnlyCollection<Hop> via,
        SegmentView view,
        out Home? home,
        CallOrigin from = default)
    {
        home = Find(genesis, view);
        if ((TooMuch(homeEpochs, via) ?? Often(from, kid, genesis, home, via, view)) is { } before)
        {
            return before;
        }

        var floor = view.FloorOf(genesis) ?? home?.Floor;
        var until = home?.Until ?? long.MaxValue;
        SegmentState? introducer = null;
        if (view.FloorOf(genesis) is null)
        {
            if (Introduced(
                kid, genesis, target, via, view, ref floor, ref until, home is not null, out introducer)
                is { } stranger)
            {
                return stranger;
            }
        }

        if (!WireReader.TryRead(homeEpochs, out var epochs, out var refusal))
        {
            return refusal.At("home_epochs");
        }

        if (Extend(genesis, Presented.Find(kid, genesis) ?? home?.Chain, epochs, view, out var chain) is { } bad)
        {
            return bad;
        }

        // Whoever shows it, and whatever was found meanwhile: what is proven of its keys counts (V38).
        chain = _own(genesis) is { } own ? chain!.Accused(own) : chain!;
        home = new Home(chain, floor, until) { Introducer = introducer };
        if (chain.HasTransportKey(kid) && (floor is not { } least || IsIn(chain, least)))
        {
            home = Keep(genesis, home, view);
            Tell(home.Chain);
        }

        return null;
    }

    // What was not heard, as by a loop that is too far behind, is told again with the next question.
    private void Tell(SegmentState chain)
    {
        lock (_gate)
        {
            if (_told.GetValueOrDefault(chain.Genesis, -1) >= chain.NewestNumber)
            {
                return;
            }
        }

        if (!_context.Learned(chain))
        {
            return;
        }

        lock (_gate)
        {
            if (_homes.ContainsKey(chain.Genesis))
            {
                _told[chain.Genesis] = Math.Max(chain.NewestNumber, _told.GetValueOrDefault(chain.Genesis, -1));
            }
        }
    }

    // V36, before anything is spent on them.
    private static Refusal? TooMuch(IReadOnlyCollection<EpochDoc> homeEpochs, IReadOnlyCollection<Hop> via) =>
        homeEpochs.Count + via.Sum(hop => hop.Epochs.Count) > Limits.PageEpochs
            ? new Refusal(
                VerificationFailure.TooLarge, "home_epochs", $"more than {Limits.PageEpochs} epochs in one request")
            : null;

    // V52, before anything is verified, so that what is refused counts as well: an anchor that is known is counted with
    // its segment, what it relays apart; all others with those who name the same neighbour, as themselves or as who
    // introduces them.
    private Refusal? Often(
        CallOrigin from, Digest kid, Digest genesis, Home? home, IReadOnlyCollection<Hop> via, SegmentView view)
    {
        Digest? last = WireReader.TryRead(via.LastOrDefault()?.Genesis, out Digest transit, out _) ? transit : null;
        if ((home is not null && home.Chain.HasTransportKey(kid))
            || (_own(genesis) is { } own && own.HasTransportKey(kid)))
        {
            return _asking.Take(genesis);
        }

        if (last is { } relaying && IsOf(relaying, kid))
        {
            return _relaying.Take(relaying);
        }

        var by = view.FloorOf(genesis) is null ? last : genesis;
        return _strangers.Take(from, by is { } named && view.FloorOf(named) is not null ? named : default);
    }

    // Whom it is that relays, its key says: what it relays is counted by its segment.
    private bool IsOf(Digest segment, Digest kid) =>
        (_own(segment)?.HasTransportKey(kid) ?? false) || (ChainOf(segment)?.HasTransportKey(kid) ?? false);

    // V30: one that does not contain the floor is no chain of the neighbour that the leaf names.
    private static bool IsIn(SegmentState chain, Floor floor) =>
        floor.Epoch < chain.First || chain.DigestOf(floor.Epoch) == floor.Digest;

    /// <summary>The home that asked here of which a key is an anchor's; null for none.</summary>
    internal Digest? HomeOf(Digest kid)
    {
        lock (_gate)
        {
            return _homes.Values.FirstOrDefault(home => home.Chain.HasTransportKey(kid))?.Chain.Genesis;
        }
    }

    /// <summary>The chain of a home, where it contains the floor that its introduction states: it may be remembered
    /// for longer than here (V30, V39).</summary>
    internal SegmentState? Established(Digest genesis)
    {
        lock (_gate)
        {
            return _homes.GetValueOrDefault(genesis) is { Floor: { } floor } home && floor.Epoch >= home.Chain.First
                && IsIn(home.Chain, floor) ? home.Chain : null;
        }
    }

    /// <summary>Takes evidence against the keys of a home, as far as it is known here (V38).</summary>
    /// <returns>Why it changes nothing; null where it counts.</returns>
    /// <param name="evidence">The evidence as it came.</param>
    internal Refusal? Accuse(Contradiction evidence)
    {
        lock (_gate)
        {
            if (_homes.GetValueOrDefault(evidence.Segment) is not { } home)
            {
                return new Refusal(
                    VerificationFailure.EpochUnknown, "evidence", $"nothing is held of {evidence.Segment}");
            }

            var (chain, refusal) = EvidenceCheck.Check(home.Chain, evidence, _cache);
            if (chain is null)
            {
                return refusal;
            }

            _homes[evidence.Segment] = home with { Chain = chain };
            return null;
        }
    }

    private Refusal? Introduced(
        Digest kid,
        Digest genesis,
        SegmentName target,
        IReadOnlyCollection<Hop> via,
        SegmentView view,
        ref Floor? floor,
        ref long until,
        bool isKnown,
        out SegmentState? introducer)
    {
        introducer = null;
        if (via.Count == 0)
        {
            return isKnown
                ? null
                : new Refusal(
                    VerificationFailure.GrantForeignSubject, "grant.home",
                    "no neighbour of this segment, and nobody introduces it");
        }

        if (!WireReader.TryRead(via, out var hops, out var malformed))
        {
            return malformed;
        }

        var refusal = IntroducedHome.Check(
            view, genesis, target, hops, _context.Now(), _cache, one => Known(kid, one), isKnown, out floor,
            out until, out introducer, out var evidence);
        Find(evidence);
        return refusal;
    }

    private void Find(Contradiction? evidence)
    {
        if (evidence is not null)
        {
            Found?.Invoke(evidence);
        }
    }

    // A floor of this segment's may be of an epoch that the home has not heard of: an introduction under an older one
    // is as good where the chain is known here (V16, V30). What is proven of its keys counts, whoever shows it (V38).
    private SegmentState? Known(Digest kid, Digest genesis)
    {
        var shown = Presented.Find(kid, genesis);
        return _own(genesis) is not { } own ? shown
            : shown is null || own.NewestNumber > shown.NewestNumber ? own
            : shown.Accused(own);
    }

    private Refusal? Extend(
        Digest genesis,
        SegmentState? held,
        IEnumerable<EpochDocument> epochs,
        SegmentView view,
        out SegmentState? chain)
    {
        var have = held?.NewestNumber ?? -1;
        chain = held;

        // The newest one that is held as well: as another document it is evidence (V14).
        var fresh = epochs.Where(epoch =>
            Document.TryParse<Epoch>(epoch.Payload, out var parsed, out _) && parsed.Value.Number >= have);
        var policy = view.Epoch.Value.Policy;
        foreach (var page in fresh.Chunk(Limits.PageEpochs))
        {
            var verdict = EpochChain.Extend(
                chain, genesis, null, [.. page], _context.Now(), policy.ClockDelta, policy.Refuse, _cache);
            if (!verdict.IsAccepted)
            {
                Find(verdict.Evidence);
                return verdict.Refusal.At("home");
            }

            chain = verdict.Segment;
        }

        return chain is null
            ? new Refusal(VerificationFailure.BelowLinkFloor, "home_epochs", "the home's chain is missing")
            : QuorumRules.CheckRefused(chain.Newest.Value, policy.Refuse)?.At("home");
    }

    // What was proven of its keys while it was verified stays.
    private Home Keep(Digest genesis, Home home, SegmentView view)
    {
        lock (_gate)
        {
            if (_homes.TryGetValue(genesis, out var before))
            {
                home = home with { Chain = Newer(before.Chain, home.Chain) };
            }

            _order.Remove(genesis);
            _order.AddLast(genesis);

            // Who introduced it this time is of this question alone.
            _homes[genesis] = home with { Introducer = null };
            if (_homes.Count > _homesMax)
            {
                // Who is introduced puts out no neighbour.
                var gone = _order.FirstOrDefault(one => view.FloorOf(one) is null, _order.First!.Value);
                _homes.Remove(gone);
                _told.Remove(gone);
                _order.Remove(gone);
                _context.Meter.Forget(gone);
            }

            return home;
        }
    }

    // Another question may have brought a newer epoch meanwhile, and a fork continues nothing (V14, V15). One that
    // begins behind what is held cannot be compared with it: its introduction states where.
    private static SegmentState Newer(SegmentState held, SegmentState shown) =>
        held.Newest.Digest == shown.Newest.Digest || shown.First > held.NewestNumber
            ? shown.Accused(held)
            : held.Continued(shown)?.Accused(shown) ?? held;

    private SegmentState? ChainOf(Digest genesis)
    {
        lock (_gate)
        {
            return _homes.GetValueOrDefault(genesis)?.Chain;
        }
    }

    // One that was a neighbour and is none any more was introduced by nobody.
    private bool IsOver(Home home, SegmentView view) =>
        home.Until == long.MaxValue || home.Until <= _context.Now() + view.Epoch.Value.Policy.ClockDelta;
}
