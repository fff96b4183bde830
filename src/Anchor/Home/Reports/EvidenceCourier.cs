using System.Collections.Immutable;
using System.Threading.Channels;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Reports;

/// <summary>
/// Passes evidence on (V38): to the other anchors of the segment, to the segments that its leaves and uplinks name,
/// and to the accused segment itself, there to one anchor more than may lie. A few at a time, and so that nobody who is
/// slow to hear one piece holds up the others; other segments are told only so much of one accused in a minute, since
/// it can make ever more. What is held goes to the other anchors of the segment again from time to time: one of them
/// may have been away. Thread-safe.
/// </summary>
internal sealed class EvidenceCourier : IAsyncDisposable
{
    private const int WaitingMax = 256;
    private const int AtOnce = 8;

    // One piece for the quorum and one for each anchor are all that there is of an epoch.
    private const int PiecesOfOne = Limits.Anchors + 1;
    private const int AccusedMax = 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(60);

    private readonly ServingContext _context;
    private readonly HomeVerifier _verifier;
    private readonly EvidenceBook _book;
    private readonly Func<Contradiction, CancellationToken, Task> _tellOwn;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, (long Since, int Pieces)> _told = [];
    private readonly Channel<Contradiction> _own = Queue();
    private readonly Channel<Contradiction> _around = Queue();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="context">The anchor.</param>
    /// <param name="verifier">Knows where other segments' anchors are.</param>
    /// <param name="book">What is to be passed on.</param>
    /// <param name="tellOwn">Tells the other anchors of the segment; may fail.</param>
    internal EvidenceCourier(
        ServingContext context,
        HomeVerifier verifier,
        EvidenceBook book,
        Func<Contradiction, CancellationToken, Task> tellOwn)
    {
        (_context, _verifier, _book, _tellOwn) = (context, verifier, book, tellOwn);
        _log = context.Loggers.CreateLogger<EvidenceCourier>();
        book.Proven += OnProven;
        _running = Task.WhenAll(
            Task.Run(() => RunAsync(_own, TellOwnAsync)), Task.Run(() => RunAsync(_around, TellAroundAsync)),
            Task.Run(RepeatAsync));
    }

    public async ValueTask DisposeAsync()
    {
        _book.Proven -= OnProven;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static Channel<Contradiction> Queue() => Channel.CreateBounded<Contradiction>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    // What finds no room among the own is told when all that is held is told again.
    private void OnProven(Contradiction evidence)
    {
        _own.Writer.TryWrite(evidence);
        if (!MayTell(evidence.Segment) || !_around.Writer.TryWrite(evidence))
        {
            HomeLog.NotPassedOn(_log, evidence.Segment);
        }
    }

    private bool MayTell(Digest accused)
    {
        var now = _context.Time.GetTimestamp();
        lock (_gate)
        {
            if (!_told.TryGetValue(accused, out var told)
                || _context.Time.GetElapsedTime(told.Since, now) >= Window)
            {
                if (_told.Count >= AccusedMax)
                {
                    _told.Remove(_told.MinBy(one => one.Value.Since).Key);
                }

                told = (now, 0);
            }

            _told[accused] = (told.Since, told.Pieces + 1);
            return told.Pieces < PiecesOfOne;
        }
    }

    private Task RunAsync(Channel<Contradiction> waiting, Func<Contradiction, Task> tell) => Parallel.ForEachAsync(
        waiting.Reader.ReadAllAsync(_stop.Token), Bounded(),
        async (evidence, _) => await TryAsync(() => tell(evidence), evidence).ConfigureAwait(false));

    private ParallelOptions Bounded() => new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = _stop.Token };

    // Whatever one piece or one receiver brings about, the others have no part in it.
    private async Task TryAsync(Func<Task> tell, Contradiction evidence)
    {
        try
        {
            await tell().ConfigureAwait(false);
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            HomeLog.EvidenceFailed(_log, e, evidence.Segment);
        }
    }

    private async Task RepeatAsync()
    {
        while (true)
        {
            await Task.Delay(Again, _context.Time, _stop.Token).ConfigureAwait(false);
            await Parallel.ForEachAsync(
                _book.Held.Take(WaitingMax).ToList(), Bounded(),
                async (one, _) => await TryAsync(() => TellOwnAsync(one.Piece), one.Piece).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
    }

    private async Task TellOwnAsync(Contradiction evidence)
    {
        using var timed = new CancellationTokenSource(Patience, _context.Time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, timed.Token);
        await _tellOwn(evidence, bounded.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task TellAroundAsync(Contradiction evidence) => Parallel.ForEachAsync(
        Receivers(evidence), Bounded(),
        async (receiver, _) => await TryAsync(
            () => TellAsync(receiver.Segment, receiver.At, evidence), evidence).ConfigureAwait(false));

    private IEnumerable<(Digest Segment, IpEndpoint At)> Receivers(Contradiction evidence)
    {
        if (_context.Views.Current is not { } view)
        {
            return [];
        }

        var named = view.Around().ToDictionary();
        if (evidence.Segment != view.Genesis)
        {
            named.TryAdd(evidence.Segment, []);
        }

        return named.SelectMany(one => PlacesOf(one.Key, one.Value).Select(at => (one.Key, at)));
    }

    // The anchors start behind themselves, so that they do not all tell the same ones.
    private IEnumerable<IpEndpoint> PlacesOf(Digest segment, ImmutableArray<IpEndpoint> named)
    {
        if (_verifier.Chain(segment) is not { } chain)
        {
            return named.Take(2);
        }

        var anchors = chain.Newest.Value.Anchors;
        var start = _context.TransportKid.ToArray()[0];
        return Enumerable.Range(0, (int)Math.Min(chain.Newest.Value.Quorum.F + 1, anchors.Length))
            .Select(i => anchors[(start + i) % anchors.Length].Endpoints[0]);
    }

    private async Task TellAsync(Digest segment, IpEndpoint at, Contradiction evidence)
    {
        var client = new AnchorClient(at, _context.Transport, _context.Time, _verifier.Chain(segment))
        {
            Patience = Patience,
        };
        await using (client.ConfigureAwait(false))
        {
            try
            {
                await client.ReportAsync(evidence, _stop.Token).ConfigureAwait(false);
            }
            catch (RpcException e) when (!_stop.IsCancellationRequested)
            {
                HomeLog.NotReported(
                    _log, at.Text, segment, evidence.Segment, HomeMeeting.Describe(e, at).ToString());
            }
        }
    }
}
