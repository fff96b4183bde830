using Fairlead.Anchor.Home;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Serving;

/// <summary>Asks one other anchor of the segment for its decision.</summary>
/// <param name="anchor">Its id.</param>
/// <param name="view">The own segment.</param>
/// <param name="terms">What is to be decided.</param>
/// <param name="cancellationToken">Ends the wait.</param>
/// <exception cref="Rpc.RpcException">It cannot be reached, or refuses.</exception>
internal delegate Task<Envelope> AttestAsk(
    string anchor, SegmentView view, AttestTerms terms, CancellationToken cancellationToken);

/// <summary>
/// As many Attests as the epoch's <c>attest</c> wants: the own one, and those of other anchors of the segment, who each
/// decide for themselves. They are kept by <see cref="AttestKey"/>, asked for once however many wait, and renewed
/// behind what is served when half of their life is gone. An incomplete set is never handed out. Bounded, and what
/// other homes are told takes no room from the own pods; no home and no own subject takes all. Thread-safe.
/// </summary>
internal sealed class AttestBook : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly AttestMint _mint;
    private readonly AttestAsk _ask;
    private readonly Func<SegmentView, EpochAnchor, bool> _isExcluded;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly HashSet<Page> _gathering = [];
    private readonly Shelf _own;
    private readonly Shelf _foreign;
    private readonly CancellationTokenSource _stop = new();

    /// <param name="mint">The own decisions.</param>
    /// <param name="ask">Asks for others'.</param>
    /// <param name="isExcluded">Whether an anchor contradicted itself in a view's epoch (V38): its Attests spoil an
    /// answer.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Hears of what is not attested.</param>
    /// <param name="pagesMost">The most decisions that are kept, about the own home and about others each.</param>
    /// <param name="gatheringsMost">The most that the other anchors are asked for at once, of either.</param>
    internal AttestBook(
        AttestMint mint, AttestAsk ask, Func<SegmentView, EpochAnchor, bool> isExcluded, TimeProvider time, ILogger log,
        int pagesMost = 10_000, int gatheringsMost = 512)
    {
        _own = new Shelf(pagesMost, gatheringsMost);
        _foreign = new Shelf(pagesMost, gatheringsMost);
        _isExcluded = isExcluded;
        _mint = mint;
        _ask = ask;
        _time = time;
        _log = log;
        Denials = new DenialBook(log);
    }

    /// <summary>What was denied here, and by which Rule.</summary>
    internal DenialBook Denials { get; }

    /// <summary>Called when a set became complete, or could not be made; handlers only signal.</summary>
    internal event Action? Changed;

    /// <summary>The Attests of a decision, or null where they are not at hand: they are then being asked for.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="terms">The decision.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal"><c>AttestationMissing</c>, where there is no set: another try may find one.</param>
    internal AttestSet? Take(SegmentView view, AttestTerms terms, long now, out Refusal? refusal)
    {
        refusal = null;
        Denials.Note(view.Epoch.Value.Number, terms, now);
        var own = _mint.Sign(view, terms, now);
        var others = terms.IsAllowed ? (int)view.Epoch.Value.Quorum.Attest - 1 : 0;
        if (others <= 0)
        {
            return AttestSet.Of([own]);
        }

        var (shelf, holder) = PlaceOf(view, terms);
        lock (_gate)
        {
            var page = shelf.Pages.Use(AttestKey.Of(view, terms), holder);
            var valid = page.Valid(now, view.Epoch.Value.Policy.ClockDelta, Excluded(view));
            var isDue = (valid.Count < others || valid[others - 1].RenewAt <= now) && page.Gathering.IsCompleted
                && page.RetryAt <= ServingContext.ElapsedOf(_time);
            var hasRoom = shelf.Gatherings.HasFor(holder);
            if (isDue && hasRoom)
            {
                shelf.Gatherings.Take(holder);
                _gathering.Add(page);
                page.Gathering = Task.Run(() => GatherAsync(page, view, terms, others));
            }

            if (valid.Count >= others)
            {
                return AttestSet.Of(valid.Take(others).Prepend(own));
            }

            refusal = new Refusal(
                VerificationFailure.AttestationMissing,
                view.Name.Text,
                $"{valid.Count + 1} of {others + 1} attests are at hand; " + (isDue && !hasRoom
                    ? "the other anchors are asked for too much else at once"
                    : "the other anchors are slow, apart or of another mind"));
            return null;
        }
    }

    /// <summary>Completes when nobody is being asked for this decision any more.</summary>
    internal Task SettledAsync(SegmentView view, AttestTerms terms)
    {
        var (shelf, _) = PlaceOf(view, terms);
        lock (_gate)
        {
            return shelf.Pages.Find(AttestKey.Of(view, terms))?.Gathering ?? Task.CompletedTask;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        List<Task> running;
        lock (_gate)
        {
            running = [.. _gathering.Select(page => page.Gathering)];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private (Shelf Shelf, Digest Holder) PlaceOf(SegmentView view, AttestTerms terms) => terms.Home == view.Genesis
        ? (_own, terms.Consumer?.Digest ?? terms.Home)
        : (_foreign, terms.Home);

    private async Task GatherAsync(Page page, SegmentView view, AttestTerms terms, int needed)
    {
        try
        {
            await FillAsync(page, view, terms, needed).ConfigureAwait(false);
        }
        finally
        {
            var (shelf, holder) = PlaceOf(view, terms);
            lock (_gate)
            {
                shelf.Gatherings.Give(holder);
                _gathering.Remove(page);
            }
        }

        Changed?.Invoke();
    }

    // As many as are needed at once; each that fails is replaced by the next, until nobody is left.
    private async Task FillAsync(Page page, SegmentView view, AttestTerms terms, int needed)
    {
        var waiting = new Queue<EpochAnchor>(Others(view));
        var asked = new List<Task<MintedAttest?>>();
        var found = new List<MintedAttest>();
        while (found.Count < needed)
        {
            while (asked.Count < needed - found.Count && waiting.TryDequeue(out var anchor))
            {
                asked.Add(AskAsync(anchor, view, terms));
            }

            if (asked.Count == 0)
            {
                break;
            }

            var done = await Task.WhenAny(asked).ConfigureAwait(false);
            asked.Remove(done);
            if (await done.ConfigureAwait(false) is { } attest)
            {
                found.Add(attest);
            }
        }

        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            page.Put(found, now);
            page.RetryAt = found.Count < needed
                ? ServingContext.ElapsedOf(_time) + (long)Pause.TotalMilliseconds
                : 0;
        }
    }

    // Starting behind itself, so that the anchors do not all ask the same ones.
    private IEnumerable<EpochAnchor> Others(SegmentView view)
    {
        var anchors = view.Epoch.Value.Anchors;
        var self = anchors.ToList().FindIndex(anchor => anchor.Seal.Kid == _mint.Kid);
        return Enumerable.Range(1, anchors.Length).Select(step => anchors[(self + step) % anchors.Length])
            .Where(anchor => anchor.Seal.Kid != _mint.Kid && !_isExcluded(view, anchor));
    }

    private HashSet<Digest> Excluded(SegmentView view) =>
        [.. view.Epoch.Value.Anchors.Where(anchor => _isExcluded(view, anchor)).Select(anchor => anchor.Seal.Kid)];

    private async Task<MintedAttest?> AskAsync(EpochAnchor anchor, SegmentView view, AttestTerms terms)
    {
        using var timed = new CancellationTokenSource(Patience, _time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timed.Token);
        try
        {
            var envelope = await _ask(anchor.Id, view, terms, bounded.Token).ConfigureAwait(false);
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            if (AttestCheck.Check(view, terms, anchor, envelope, now, out var attest) is not { } refusal)
            {
                return attest;
            }

            ServingLog.AttestRefused(_log, anchor.Id, refusal.Failure, refusal.Detail);
        }
        catch (Exception e) when (e is Rpc.RpcException or OperationCanceledException or ObjectDisposedException)
        {
            ServingLog.NotAttested(_log, anchor.Id, e.Message);
        }

        return null;
    }

    // What is kept of the own home's or of others' decisions, and how many of them are being gathered.
    private sealed class Shelf(int pagesMost, int gatheringsMost)
    {
        internal RecentPages<Page> Pages { get; } = new(pagesMost);

        internal Shares Gatherings { get; } = new(gatheringsMost);
    }

    // The attests of other anchors for one decision; guarded by the book.
    private sealed class Page
    {
        private readonly Dictionary<Digest, MintedAttest> _byKid = [];

        internal Task Gathering { get; set; } = Task.CompletedTask;

        // By the clock that never goes back.
        internal long RetryAt { get; set; }

        // Those that last longest first, so that one renewed replaces one that was not.
        internal List<MintedAttest> Valid(long now, long delta, HashSet<Digest> excluded) =>
        [
            .. _byKid.Values.Where(attest => attest.Expires > now + delta && attest.Issued <= now + delta
                    && !excluded.Contains(attest.Kid))
                .OrderByDescending(attest => attest.RenewAt),
        ];

        internal void Put(IEnumerable<MintedAttest> attests, long now)
        {
            foreach (var gone in _byKid.Where(pair => pair.Value.Expires <= now).Select(pair => pair.Key).ToList())
            {
                _byKid.Remove(gone);
            }

            foreach (var attest in attests)
            {
                _byKid[attest.Kid] = attest;
            }
        }
    }
}
