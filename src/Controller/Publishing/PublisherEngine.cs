using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>
/// Brings the anchors' records to what is desired. A step function: every input carries the time, every output is a
/// call to make; no clock, no I/O.
/// <list type="number">
/// <item>Nothing is signed before the anchors' State was loaded: uid and version floor come from there.</item>
/// <item>A name has at most one version on its way; a newer one takes its place at once.</item>
/// <item>A version is over when F+1 anchors sealed it, F being that of the epoch that is known (<see
/// cref="Require"/>). One that an anchor failed or refused goes to another; when too
/// few are left it waits, and longer each time.</item>
/// <item>A name is withdrawn when it was missing for a while, or what held it was deleted; it loses nothing that may
/// only not have been read yet (<see cref="NameState.Wanted"/>).</item>
/// </list>
/// <code>
/// waiting -> sent -> accepted -> sealed (over)
///    ^        |failed    |call ended without a seal
///    +--------+----------+        refused by too many -> waits -> waiting
/// </code>
/// Not thread-safe: one loop owns it.
/// </summary>
internal sealed class PublisherEngine
{
    // No honest anchor took a version further ahead of its clock than its tolerance, which is at most this (trust 4.5).
    private const long ClockSlack = 30_000;

    private readonly PublisherOptions _options;
    private readonly IDocumentMaker _maker;
    private readonly RecordPlanner _planner;
    private readonly AnchorHealth _health;
    private readonly SortedDictionary<string, NameState> _names = new(StringComparer.Ordinal);
    private readonly Queue<Publication> _ready = new();
    private readonly PriorityQueue<Publication, long> _later = new();
    private readonly PriorityQueue<string, long> _renewals = new();
    private int _copies = int.MaxValue;
    private DesiredState? _desired;
    private bool _isLoaded;
    private long _ticked;
    private int _onTheirWay;

    /// <summary>An engine that knows nothing yet.</summary>
    public PublisherEngine(PublisherOptions options, IDocumentMaker maker, Random random)
    {
        _options = options;
        _maker = maker;
        _planner = new(options.RecordLife);
        _health = new(options, random);
    }

    /// <summary>Whether the anchors' State has to be read (again) before all names can move on.</summary>
    public bool NeedsState { get; private set; } = true;

    /// <summary>
    /// Whether the anchors' State has to be read with what this publisher signed, since their word alone does not do:
    /// what they claim is due for renewal, or they disagree on it, where nothing is desired or it is held back; they
    /// disagree on what was refused; it is above what was signed here; or it is more than can be signed now.
    /// </summary>
    public bool NeedsSources { get; private set; }

    /// <summary>Whether State was loaded, something is desired, no version is on its way, and the Credential has not
    /// ended.</summary>
    public bool IsSettled => _isLoaded && _desired is not null && _onTheirWay == 0 && _planner.End > _ticked;

    /// <summary>When the publisher's Credential ends, unix ms; null where nobody said.</summary>
    public long? CredentialEnd => _planner.End == long.MaxValue ? null : _planner.End;

    /// <summary>Every name with its newest version, by name.</summary>
    /// <param name="now">Unix ms.</param>
    public IEnumerable<NameStatus> Names(long now) => _names.Values
        .Where(state => state.Last is not null)
        .Select(state => state.Describe(_planner.End, now));

    /// <summary>
    /// From now on so many anchors must take each document: F+1, so that an honest one has it. Before the first time
    /// none is enough. And no record lives longer than this: what is on its way with a longer life is signed anew.
    /// </summary>
    /// <param name="copies">How many; more than there are anchors leaves every version on its way.</param>
    /// <param name="lifeMax">What the policy allows a record, in ms.</param>
    /// <param name="now">Unix ms.</param>
    public IReadOnlyList<Send> Require(int copies, long lifeMax, long now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(copies, 1);
        var life = _planner.Life;
        _planner.Allow(lifeMax);
        if (copies == _copies && life == _planner.Life)
        {
            return [];
        }

        _copies = copies;
        foreach (var state in _names.Values)
        {
            Bound(state, now);
            if (state.Current is { } current && current.CountOf(AnchorFate.Sealed) >= copies)
            {
                Settle(state, current);
            }
            else if (state.Current is { Plan: { Content: not null } plan }
                && plan.Expires > Math.Max(plan.Issued + _planner.Life, state.Held?.Expires ?? 0))
            {
                SignAnew(state, plan, now);
            }
            else if (state.Current is { } open)
            {
                Ready(open);
            }
        }

        return Pump(now);
    }

    /// <summary>From now on nothing is signed that ends later than the publisher's Credential. What is on its way and
    /// does is signed anew; what ended with the Credential before is renewed where there is a longer one.</summary>
    /// <param name="credentialEnd">Unix ms; null where nobody said.</param>
    /// <param name="now">Unix ms.</param>
    public IReadOnlyList<Send> Until(long? credentialEnd, long now)
    {
        var end = credentialEnd ?? long.MaxValue;
        if (end == _planner.End)
        {
            return [];
        }

        _planner.End = end;
        foreach (var state in _names.Values)
        {
            Bound(state, now);
            if (state.Current is { Plan: { Content: not null } plan } && end > now
                && plan.Expires > Math.Max(end, state.Held?.Expires ?? 0))
            {
                SignAnew(state, plan, now);
            }
            else if (state.Last is { } last)
            {
                ScheduleRenewal(last);
            }
        }

        PlanAll(now);
        return Pump(now);
    }

    /// <summary>Takes what should be published from now on.</summary>
    public IReadOnlyList<Send> Desire(DesiredState desired, long now)
    {
        _desired = desired;
        foreach (var name in desired.Contents.Keys)
        {
            StateOf(name);
        }

        foreach (var name in desired.Deleted.Where(_names.ContainsKey))
        {
            _names[name].IsDeleted = true;
        }

        PlanAll(now);
        return Pump(now);
    }

    /// <summary>Takes the anchors' State: this publisher's leaves, joined over F+1 anchors.</summary>
    /// <param name="leaves">The newest of each name.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="hasSources">Whether all that this publisher signed was asked for: what is only claimed still counts
    /// as invented where that was why, until an anchor claims it again.</param>
    public IReadOnlyList<Send> Load(IEnumerable<KnownLeaf> leaves, long now, bool hasSources = false)
    {
        NeedsState = false;
        NeedsSources &= !hasSources;
        _isLoaded = true;
        foreach (var leaf in leaves)
        {
            Load(StateOf(leaf.Name), Bounded(leaf, now));
        }

        foreach (var state in hasSources ? _names.Values : Enumerable.Empty<NameState>())
        {
            if (state.Last is { } last && NeedsSource(last, now))
            {
                state.Last = last with { Content = null, IsDisputed = false };
                ScheduleRenewal(state.Last);
            }
        }

        PlanAll(now);
        return Pump(now);
    }

    // Invented, so that every version above it is refused, as ahead of time or for its late end, which no anchor
    // tolerates by anything; or of a clock that this one is behind, or of a longer life or a Credential that were
    // allowed before. The source tells. Until then it counts as the newest that could be signed here.
    private KnownLeaf Bounded(KnownLeaf leaf, long now)
    {
        var end = _planner.EndOf(now);
        if (!leaf.IsClaimed
            || (leaf.Version <= now + ClockSlack && !(leaf.IsDisputed && leaf.Expires > end)))
        {
            return leaf;
        }

        NeedsSources = true;
        return leaf with
        {
            Version = Math.Min(leaf.Version, now), Expires = Math.Min(leaf.Expires, end), IsDisputed = true,
        };
    }

    // Whatever was believed of its end, less is allowed now.
    private void Bound(NameState state, long now) =>
        state.Last = state.Last is { } last ? Bounded(last, now) : null;

    private void Load(NameState state, KnownLeaf leaf)
    {
        var isRefused = state.Current is { Refusal: not null };
        if (leaf.IsClaimed && !isRefused && state.Last is { IsClaimed: false } own && leaf.Version > own.Version)
        {
            // One anchor may have invented it, so that what was signed here is not renewed: it has to show the source.
            NeedsSources = true;
            return;
        }

        // What was refused may have been signed on the word of one that lies, and would be again.
        NeedsSources |= leaf.IsDisputed && isRefused;
        if (!leaf.IsDisputed)
        {
            state.Held = state.Held is { } held && held.Version > leaf.Version ? held : leaf;
        }

        var isAgainst = leaf.IsClaimed && isRefused && leaf.Version != state.Last?.Version;

        // What stands against a version that was refused is gone above, and not taken for what is desired.
        leaf = leaf with { IsDisputed = leaf.IsDisputed || isAgainst };
        if (state.Last is { IsClaimed: true } claimed && !leaf.IsClaimed)
        {
            state.Last = leaf with { Version = Math.Max(leaf.Version, claimed.Version) };
            ScheduleRenewal(state.Last);
        }
        else if (state.Last is null || leaf.Version > state.Last.Version
            || (state.Last is { IsClaimed: true, Content: null } && leaf.Content is not null
                && leaf.Version == state.Last.Version))
        {
            // Somebody with this key, a former run of this controller above all, went further; or it is said again.
            Drop(state);
            state.Last = leaf;
            ScheduleRenewal(leaf);
        }
        else if (leaf.Version == state.Last.Version && leaf.IsDisputed)
        {
            // Not all of them hold it yet.
        }
        else if (leaf.Version == state.Last.Version)
        {
            Drop(state);
        }
        else if (isRefused)
        {
            // Refused, and the anchors hold something else: its uid counts, and a version above both.
            Drop(state);
            state.Last = leaf with { Version = state.Last.Version };
        }
    }

    /// <summary>An anchor said how far a publication got.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="publication">What it speaks of.</param>
    /// <param name="fate">How far; never <see cref="AnchorFate.Sent"/>.</param>
    /// <param name="refusal">Name and detail of the refusal.</param>
    /// <param name="now">Unix ms.</param>
    public IReadOnlyList<Send> Answer(int anchor, Publication publication, AnchorFate fate, string? refusal, long now)
    {
        _health.Answered(anchor);
        if (publication.IsOver || !publication.Fates.TryGetValue(anchor, out var before)
            || before is AnchorFate.Refused or AnchorFate.Sealed)
        {
            return [];
        }

        publication.Fates[anchor] = fate;
        if (fate == AnchorFate.Refused)
        {
            publication.Refusal = refusal;
            NeedsState |= refusal is not null && IsAboutState(refusal);
            Requeue(publication, now);
        }
        else if (fate == AnchorFate.Sealed && publication.CountOf(AnchorFate.Sealed) >= _copies)
        {
            Settle(StateOf(publication.Plan.Name), publication);
        }

        return Pump(now);
    }

    /// <summary>A call ended: what it left unsealed goes to another anchor, or to this one later.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="publications">All that the call carried.</param>
    /// <param name="isFailure">Whether the anchor could not be reached or broke the call off.</param>
    /// <param name="now">Unix ms.</param>
    public IReadOnlyList<Send> End(int anchor, IReadOnlyList<Publication> publications, bool isFailure, long now)
    {
        if (isFailure)
        {
            _health.Failed(anchor, now);
        }

        foreach (var publication in publications)
        {
            _health.Ended(anchor);
            if (publication.IsOver
                || !publication.Fates.TryGetValue(anchor, out var fate)
                || fate is AnchorFate.Sealed or AnchorFate.Refused)
            {
                continue;
            }

            publication.Fates.Remove(anchor);
            if (isFailure)
            {
                Requeue(publication, now);
            }
            else
            {
                Later(publication, now);
            }
        }

        return Pump(now);
    }

    /// <summary>Time passed.</summary>
    public IReadOnlyList<Send> Tick(long now)
    {
        if (now < _ticked)
        {
            // The clock was put back: what waits for a time must not wait longer for that.
            PlanAll(now);
        }

        _ticked = now;
        while (_later.TryPeek(out var publication, out var due) && due <= now)
        {
            _later.Dequeue();
            if (!publication.IsOver)
            {
                _ready.Enqueue(publication);
            }
        }

        while (_renewals.TryPeek(out var name, out var due) && due <= now)
        {
            _renewals.Dequeue();
            if (_isLoaded && _desired is not null && _names.TryGetValue(name, out var state))
            {
                PlanOne(state, now);
                ForgetLapsed(state, now);
            }
        }

        return Pump(now);
    }

    /// <summary>When <see cref="Tick"/> has something to do; null when only other inputs can change anything.</summary>
    public long? NextTick(long now)
    {
        long? next = _ready.Count > 0 ? _health.NextEnd(now) : null;
        next = _later.TryPeek(out _, out var later) && (next is null || later < next) ? later : next;
        return _renewals.TryPeek(out _, out var renewal) && (next is null || renewal < next) ? renewal : next;
    }

    // These say that the anchors hold something that this engine has not heard of.
    private static bool IsAboutState(string refusal) =>
        refusal.StartsWith(nameof(VerificationFailure.RecordRollback), StringComparison.Ordinal)
        || refusal.StartsWith(nameof(VerificationFailure.UidChanged), StringComparison.Ordinal);

    private void Drop(NameState state)
    {
        if (state.Current is { } current)
        {
            _onTheirWay--;
            current.IsOver = true;
            state.Current = null;
        }
    }

    private void Settle(NameState state, Publication done)
    {
        state.Held = done.Plan.Leaf;
        Drop(state);
    }

    // Its end is that of what the anchors hold, or what is allowed now.
    private void SignAnew(NameState state, Plan plan, long now)
    {
        Drop(state);
        state.Last = plan.Leaf with
        {
            Content = state.Wanted(_desired!, now) is null ? plan.Content : null,
            Expires = state.Held?.Expires ?? 0,
        };
        ScheduleRenewal(state.Last);
        PlanOne(state, now);
    }

    private NameState StateOf(string name)
    {
        if (!_names.TryGetValue(name, out var state))
        {
            _names.Add(name, state = new(name));
        }

        return state;
    }

    private void PlanAll(long now)
    {
        if (!_isLoaded || _desired is null)
        {
            return;
        }

        foreach (var state in _names.Values)
        {
            PlanOne(state, now);
        }
    }

    private void PlanOne(NameState state, long now)
    {
        var desired = state.Wanted(_desired!, now);
        var isKept = IsKept(state, now);
        var plan = _planner.Next(state.Name, desired, isKept, state.Last, now, _maker.DrawUid);
        if (plan is null)
        {
            if (desired is null && state.Last is { } last && NeedsSource(last, now))
            {
                NeedsSources = true;
                AwaitLapse(state, last, now);
            }

            return;
        }

        Drop(state);
        state.Last = plan.Leaf;
        state.Current = new(plan, _maker.Sign(plan));
        _onTheirWay++;
        ScheduleRenewal(plan.Leaf);
        Ready(state.Current);
    }

    private bool NeedsSource(KnownLeaf last, long now) => last.IsClaimed && (last.IsDisputed
        || (last.Content is not null && last.Expires > now && _planner.RenewalOf(last) <= now));

    // What is missing is wanted by nobody only once that was so for a while.
    private bool IsKept(NameState state, long now)
    {
        var isWanted = _desired!.Contents.ContainsKey(state.Name);
        state.IsDeleted &= !isWanted;
        if (isWanted || !_desired.IsComplete || _desired.Held.Contains(state.Name))
        {
            state.MissingSince = null;
            return true;
        }

        state.MissingSince = state.MissingSince > now ? null : state.MissingSince;
        var due = (state.MissingSince ?? now) + (long)_options.WithdrawDelay.TotalMilliseconds;
        if (state.IsDeleted || due <= now)
        {
            return false;
        }

        if (state.MissingSince is null)
        {
            state.MissingSince = now;
            _renewals.Enqueue(state.Name, due);
        }

        return true;
    }

    private void ScheduleRenewal(KnownLeaf leaf)
    {
        _renewals.Enqueue(
            leaf.Name, leaf.Content is null ? leaf.Expires : Math.Min(leaf.Expires, _planner.RenewalOf(leaf)));
    }

    // Its source may never come. Each input looks at all names, so that one end is put in once.
    private void AwaitLapse(NameState state, KnownLeaf last, long now)
    {
        if (last.Expires > now && state.LapseAwaited != last.Expires)
        {
            state.LapseAwaited = last.Expires;
            _renewals.Enqueue(state.Name, last.Expires);
        }
    }

    // What lapsed has left the tree; only a version on its way still speaks of it.
    private void ForgetLapsed(NameState state, long now)
    {
        if (state.Last is { } last && last.Expires <= now && !_desired!.Contents.ContainsKey(state.Name))
        {
            Drop(state);
            _names.Remove(state.Name);
        }
    }

    private void Ready(Publication publication)
    {
        if (!publication.IsQueued)
        {
            publication.IsQueued = true;
            _ready.Enqueue(publication);
        }
    }

    private void Later(Publication publication, long now)
    {
        if (!publication.IsQueued)
        {
            publication.IsQueued = true;
            _later.Enqueue(publication, now + _health.Pause(++publication.Failures));
        }
    }

    // To another anchor at once while enough are left that did not refuse; else all are asked again, later.
    private void Requeue(Publication publication, long now)
    {
        var refusals = publication.Fates.Values.Count(fate => fate == AnchorFate.Refused);
        if (refusals <= _options.Anchors - _copies)
        {
            Ready(publication);
            return;
        }

        foreach (var anchor in publication.Fates.Where(pair => pair.Value == AnchorFate.Refused)
            .Select(pair => pair.Key))
        {
            publication.Fates.Remove(anchor);
        }

        Later(publication, now);
    }

    private List<Send> Pump(long now)
    {
        var batches = new SortedDictionary<int, List<Publication>>();
        for (var left = _ready.Count; left > 0; left--)
        {
            var publication = _ready.Dequeue();
            publication.IsQueued = false;
            if (publication.IsOver)
            {
                continue;
            }

            var missing = _copies - publication.CountOf(AnchorFate.Sent);
            foreach (var anchor in missing <= 0 ? [] : _health.Usable(now)
                .Where(anchor => !publication.Fates.ContainsKey(anchor))
                .Take(missing)
                .ToList())
            {
                publication.Fates[anchor] = AnchorFate.Sent;
                _health.Sent(anchor);
                missing--;
                if (!batches.TryGetValue(anchor, out var batch))
                {
                    batches.Add(anchor, batch = []);
                }

                batch.Add(publication);
            }

            if (missing > 0)
            {
                Ready(publication);
            }
        }

        return [.. batches.SelectMany(batch => Calls.Of(batch.Key, batch.Value, _options))];
    }
}
