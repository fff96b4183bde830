using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The requests of one stream that wait to be taken, bounded by their number and their bytes: what a caller sends
/// beyond them while its reader is stalled waits at the caller. One adds, one takes.
/// </summary>
internal sealed class RequestQueue
{
    /// <summary>The most requests.</summary>
    internal const int RequestsMax = 16;

    /// <summary>The most bytes: as many as the largest request has. One waits beside them in the hand of who
    /// adds.</summary>
    internal const int BytesMax = 2 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<(SubscribeRequest Request, int Bytes)> _waiting = new();
    private TaskCompletionSource? _taken;
    private int _bytes;

    /// <summary>How many wait.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Adds a request once there is room for it.</summary>
    internal async Task AddAsync(SubscribeRequest request, CancellationToken cancellationToken)
    {
        var bytes = request.CalculateSize();
        while (TryAdd(request, bytes) is { } taken)
        {
            await taken.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the first one, if any waits.</summary>
    internal bool TryTake(out SubscribeRequest request)
    {
        TaskCompletionSource? taken;
        bool isOne;
        lock (_gate)
        {
            isOne = _waiting.TryDequeue(out var first);
            request = first.Request;
            _bytes -= first.Bytes;
            (taken, _taken) = (_taken, null);
        }

        taken?.SetResult();
        return isOne;
    }

    // Null where it was added; else what ends when one was taken.
    private Task? TryAdd(SubscribeRequest request, int bytes)
    {
        lock (_gate)
        {
            if (_waiting.Count >= RequestsMax || (_waiting.Count > 0 && _bytes + bytes > BytesMax))
            {
                _taken ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _taken.Task;
            }

            _waiting.Enqueue((request, bytes));
            _bytes += bytes;
            return null;
        }
    }
}
