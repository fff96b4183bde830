namespace Fairlead.Anchor.Serving;

/// <summary>The newest view of the own segment: swapped whole, awaited without blocking the one who swaps.
/// Thread-safe.</summary>
internal sealed class ViewSource
{
    private readonly Lock _gate = new();
    private SegmentView? _current;

    /// <summary>Called after each swap, on the swapping thread; handlers only signal.</summary>
    internal event Action<SegmentView>? Swapped;

    /// <summary>The newest view; null until a certified seal is held.</summary>
    internal SegmentView? Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>Serves a view from now on.</summary>
    internal void Publish(SegmentView view)
    {
        lock (_gate)
        {
            _current = view;
        }

        Swapped?.Invoke(view);
    }
}
