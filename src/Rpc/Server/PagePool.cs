using System.Buffers;
using System.Runtime.InteropServices;

namespace Fairlead.Rpc;

/// <summary>
/// The buffers of a server's transport, a page each. A thousand callers that come back at once need many for a moment;
/// what was not needed since the last look is given back to the system, where the runtime would keep it: its arrays
/// stay, and the pages behind them go until they are used again. Thread-safe.
/// </summary>
internal sealed class PagePool : MemoryPool<byte>
{
    /// <summary>The bytes of a buffer; no more can be asked for.</summary>
    public const int PageBytes = 4_096;

    private const int SlabPages = 64;

    // As many as these stay, 512 kB.
    private const int KeptPages = 128;

    private readonly Lock _gate = new();

    // Those used last are used next: the others are the ones that go.
    private readonly Stack<Page> _warm = new();
    private readonly Stack<Page> _cold = new();
    private readonly TimeSpan _period;
    private readonly ITimer _timer;
    private bool _isLooking;
    private int _leastWarm;

    /// <summary>An empty pool.</summary>
    /// <param name="period">How long a page is kept that nobody needs.</param>
    /// <param name="time">The clock of that.</param>
    public PagePool(TimeSpan period, TimeProvider time)
    {
        _period = period;
        _timer = time.CreateTimer(
            static pool => ((PagePool)pool!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public override int MaxBufferSize => PageBytes;

    /// <summary>Pages that are there, and those of them whose memory the system has back.</summary>
    public (int Pages, int Released) Count
    {
        get
        {
            lock (_gate)
            {
                return (Pages, _cold.Count);
            }
        }
    }

    private int Pages { get; set; }

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Rent(minBufferSize, null);

    /// <summary>The same for a stranger, whom the page counts for until it comes back.</summary>
    public IMemoryOwner<byte> Rent(int minBufferSize, Stranger? holder)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, PageBytes);
        Page? page;
        lock (_gate)
        {
            if (!_warm.TryPop(out page) && !_cold.TryPop(out page))
            {
                AddSlab();
                page = _cold.Pop();
            }

            _leastWarm = Math.Min(_leastWarm, _warm.Count);
            page.Lend(holder);
        }

        holder?.Hold(PageBytes);
        return page;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _timer.Dispose();

    private void Return(Page page)
    {
        lock (_gate)
        {
            _warm.Push(page);
            if (_warm.Count > KeptPages && !_isLooking)
            {
                _isLooking = true;
                _leastWarm = _warm.Count;
                _timer.Change(_period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Gives back what nobody has needed since it looked last.</summary>
    private void Look()
    {
        lock (_gate)
        {
            // Those at the bottom were not needed; the ones above them were.
            var pages = _warm.ToArray();
            var unneeded = Math.Min(_leastWarm, pages.Length - KeptPages);
            if (unneeded > 0)
            {
                _warm.Clear();
                for (var i = pages.Length - unneeded - 1; i >= 0; i--)
                {
                    _warm.Push(pages[i]);
                }

                Release(pages.AsSpan(pages.Length - unneeded));
            }

            _isLooking = _warm.Count > KeptPages;
            _leastWarm = _warm.Count;
            if (_isLooking)
            {
                _timer.Change(_period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // Neighbours go together.
    private void Release(Span<Page> pages)
    {
        pages.Sort(static (a, b) => a.Address.CompareTo(b.Address));
        for (int from = 0, to; from < pages.Length; from = to)
        {
            for (to = from + 1; to < pages.Length && pages[to].Address == pages[to - 1].Address + PageBytes; to++)
            {
            }

            PageMemory.Release(pages[from].Address, (to - from) * PageBytes);
        }

        foreach (var page in pages)
        {
            _cold.Push(page);
        }
    }

    private void AddSlab()
    {
        // A page more, so that each starts where a page of the system does.
        var slab = GC.AllocateUninitializedArray<byte>((SlabPages + 1) * PageBytes, pinned: true);
        var start = Marshal.UnsafeAddrOfPinnedArrayElement(slab, 0);
        var offset = (int)((PageBytes - (start % PageBytes)) % PageBytes);
        for (var i = SlabPages - 1; i >= 0; i--)
        {
            _cold.Push(new Page(this, slab, offset + (i * PageBytes), start + offset + (i * PageBytes)));
        }

        Pages += SlabPages;
    }

    private sealed class Page(PagePool pool, byte[] slab, int offset, nint address) : IMemoryOwner<byte>
    {
        private int _isLent;
        private Stranger? _holder;

        public nint Address => address;

        public Memory<byte> Memory => MemoryMarshal.CreateFromPinnedArray(slab, offset, PageBytes);

        public void Lend(Stranger? holder)
        {
            _holder = holder;
            Volatile.Write(ref _isLent, 1);
        }

        // Twice in two hands it would be if it came back twice.
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLent, 0) == 1)
            {
                var holder = _holder;
                _holder = null;
                pool.Return(this);
                holder?.Hold(-PageBytes);
            }
        }
    }
}
