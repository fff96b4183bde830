using System.Threading.Channels;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Reports;

/// <summary>
/// What the own engines find against keys of their segment, on its way to the <see cref="EvidenceBook"/>: on a task of
/// its own, since filing waits for whatever else is verified, and sealing must not. What is of an epoch that is not
/// served yet is tried again with each newer view. Bounded. Thread-safe.
/// </summary>
internal sealed class EngineFindings : IAsyncDisposable
{
    // Each finding is a slot or a round in which an anchor contradicted itself: these are few, or all alike.
    private const int WaitingMax = 64;

    private readonly ViewSource _views;
    private readonly Func<Contradiction, Refusal?> _file;
    private readonly ILogger _log;
    private readonly Channel<Contradiction?> _found = Channel.CreateBounded<Contradiction?>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly List<Contradiction> _early = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _swapped;

    /// <param name="views">What is served.</param>
    /// <param name="file">Files a piece, and says why it changes nothing; null where it counts.</param>
    /// <param name="log">Hears of what fails.</param>
    internal EngineFindings(ViewSource views, Func<Contradiction, Refusal?> file, ILogger log)
    {
        (_views, _file, _log) = (views, file, log);
        views.Swapped += OnSwapped;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Takes a piece. Returns at once; where too many wait it is lost.</summary>
    internal void Post(Contradiction evidence) => _found.Writer.TryWrite(evidence);

    public async ValueTask DisposeAsync()
    {
        _views.Swapped -= OnSwapped;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void OnSwapped(SegmentView view)
    {
        if (Interlocked.Exchange(ref _swapped, 1) == 0)
        {
            _found.Writer.TryWrite(null);
        }
    }

    private async Task RunAsync()
    {
        while (await _found.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
        {
            while (_found.Reader.TryRead(out var found))
            {
                // Before it is filed: a view that is swapped meanwhile is another reason to try again.
                if (Interlocked.Exchange(ref _swapped, 0) == 1)
                {
                    var again = _early.ToList();
                    _early.Clear();
                    again.ForEach(File);
                }

                if (found is not null)
                {
                    File(found);
                }
            }
        }
    }

    private void File(Contradiction evidence)
    {
        try
        {
            var refusal = _file(evidence);
            if (refusal is { Failure: VerificationFailure.EpochUnknown } && _early.Count < WaitingMax)
            {
                _early.Add(evidence);
            }
        }
        catch (Exception e)
        {
            HomeLog.EvidenceFailed(_log, e, evidence.Segment);
        }
    }
}
