using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// A way while it is walked: the transits so far, and the segment that comes next. Each hop is verified before the one
/// behind it is asked for; what a name was bound to before, no transit binds anew (V29). Used on one thread.
/// </summary>
internal sealed class WayStep
{
    private readonly SegmentView _view;
    private readonly SegmentName _target;
    private readonly List<RelayedHop> _hops = [];
    private SegmentName _from;
    private long _until = long.MaxValue;
    private long _renewAt = long.MaxValue;

    internal WayStep(SegmentView view, SegmentName target, Onward first)
    {
        (_view, _target, Next, _from, Neighbour) = (view, target, first, view.Name, first.Genesis);
    }

    /// <summary>Whether the hops were held before: what was proven against their signers since does not end them
    /// (V38).</summary>
    internal bool IsHeld { get; init; }

    /// <summary>The segment that comes next.</summary>
    internal Onward Next { get; private set; }

    /// <summary>The neighbour of the home that all of it is behind.</summary>
    internal Digest Neighbour { get; }

    /// <summary>The transits so far.</summary>
    internal IReadOnlyList<RelayedHop> Hops => _hops;

    /// <summary>The own clock tolerance, in milliseconds.</summary>
    internal long ClockDelta => _view.Epoch.Value.Policy.ClockDelta;

    /// <summary>The tags that the own policy refuses.</summary>
    internal ImmutableArray<string> Refused => _view.Epoch.Value.Policy.Refuse;

    /// <summary>The last transit so far, and the label of the child from which the path came up to it; null for
    /// none.</summary>
    internal (Onward Transit, string? Child)? Last { get; private set; }

    /// <summary>Whether the next segment is the target.</summary>
    internal bool HasArrived => Next.Name == _target;

    /// <summary>What the last hop proves against its segment's keys (V38); null for nothing.</summary>
    internal Contradiction? Evidence { get; private set; }

    /// <summary>The label of the child from which the path comes up to the next segment; null where it does
    /// not.</summary>
    internal string? Child => Next.Kind == HopKind.Up ? _from.Label : null;

    private Digest From => _hops.Count == 0 ? _view.Genesis : _hops[^1].Hop.Genesis;

    /// <summary>Whether the path may go on to the next segment.</summary>
    /// <param name="pins">What names are bound to.</param>
    internal Refusal? CheckNext(IReadOnlyDictionary<SegmentName, Pin> pins)
    {
        if (Next.Genesis == _view.Genesis || _hops.Exists(hop => hop.Hop.Genesis == Next.Genesis))
        {
            return new Refusal(VerificationFailure.LoopDetected, Next.Name.Text, "the path comes here twice");
        }

        // The home, the transits so far, the next one.
        if (_hops.Count + 2 > Math.Min(Limits.Hops, _view.Epoch.Value.Policy.MaxHops))
        {
            return new Refusal(VerificationFailure.TooManyHops, Next.Name.Text, $"{_hops.Count + 2} hops");
        }

        return pins.TryGetValue(Next.Name, out var pin) && pin.Genesis != Next.Genesis
            ? new Refusal(
                VerificationFailure.LinkRepointed, Next.Name.Text,
                $"is pinned to {pin.Genesis}, and now named as {Next.Genesis}")
            : null;
    }

    /// <summary>Takes the next segment's hop.</summary>
    /// <param name="hop">The hop, with the epochs that are not held.</param>
    /// <param name="result">What it says.</param>
    /// <param name="pins">What names are bound to: the target is where it was introduced before.</param>
    /// <param name="held">The segment's chain as it is held.</param>
    /// <param name="epochs">The same as documents from the genesis on.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="cache">What was verified before.</param>
    /// <param name="chain">The chain with the hop's epochs.</param>
    /// <returns>The first error, which leaves the step as it was.</returns>
    internal Refusal? Take(
        UnverifiedHop hop,
        AnswerResult result,
        IReadOnlyDictionary<SegmentName, Pin> pins,
        SegmentState? held,
        EpochLog epochs,
        long now,
        VerifiedCache cache,
        out SegmentState? chain)
    {
        chain = null;
        if (hop.Genesis != Next.Genesis)
        {
            return new Refusal(VerificationFailure.PathBroken, Next.Name.Text, $"a hop of {hop.Genesis}");
        }

        var placed = hop with { Kind = Next.Kind };
        var (introducer, refusal) = IntroductionCheck.Check(new IntroductionHop
        {
            Own = _view.Genesis,
            OwnName = _view.Name,
            OwnEpoch = _view.Epoch,
            Home = _view.Genesis,
            Target = _target,
            Name = Next.Name,
            Held = held,
            IsIntroducedBefore = pins.ContainsKey(_target),
            IsNew = !IsHeld,
            Floor = Next.Floor,
            Hop = placed,
            Result = result,
            Now = now,
            Cache = cache,
        }, out var evidence);
        Evidence = evidence;
        if (introducer is null)
        {
            return refusal!.At(Next.Name.Text);
        }

        // A denial shows no leaf, and none is needed to be denied.
        if (result != AnswerResult.Denied && !introducer.Accepts(From, Label()))
        {
            return new Refusal(VerificationFailure.LinkNotAccepted, Next.Name.Text, $"does not name {_from} back");
        }

        chain = introducer.Segment;

        // Of a fork that was passed over nothing is relayed (V14).
        epochs.Add(hop.Epochs.Where(epoch => Document.TryParse<Naming.Epoch>(epoch.Payload, out var one, out _)
            && introducer.Segment.DigestOf(one.Value.Number) == one.Digest));
        var relayed = new RelayedHop(placed with { Epochs = [] }, epochs)
        {
            Introduces = result == AnswerResult.Record,
        };
        _hops.Add(relayed.Introduces ? relayed : relayed.Frozen());
        _until = Math.Min(_until, introducer.Until);
        _renewAt = Math.Min(_renewAt, RenewAt(result, introducer.RenewAt, introducer.Until, now));
        if (introducer.Leads is { } leads)
        {
            Last = (Next, Child);
            (_from, Next) = (Next.Name, leads);
        }

        return null;
    }

    /// <summary>The way as far as it was walked.</summary>
    internal Way Made(AnswerResult result) =>
        new(_view.Epoch.Digest, [.. _hops], result, Next, _until, _renewAt) { Child = Child };

    /// <summary>When a hop is to be renewed. Within bounds that is what its Attests say; no more often than a denial,
    /// for one anchor alone may sign it, and each renewal asks all segments on the way.</summary>
    /// <param name="result">What the hop says.</param>
    /// <param name="wanted">What its Attests say.</param>
    /// <param name="until">When it ends.</param>
    /// <param name="now">Unix milliseconds, as the others.</param>
    internal static long RenewAt(AnswerResult result, long wanted, long until, long now) => result switch
    {
        AnswerResult.Record => Math.Min(
            Math.Max(wanted, now + (Limits.DenyLife / 2)), now + ((until - now) / 2)),
        AnswerResult.Denied => now + (Math.Min(until - now, Limits.DenyLife) / 2),
        _ => now + ((until - now) / 2),
    };

    private string? Label() => Next.Kind switch
    {
        HopKind.Up => _from.Label,
        HopKind.Down => Next.Name.Label,
        _ => null,
    };
}
