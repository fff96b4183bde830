using System.Buffers;
using Microsoft.AspNetCore.Connections.Features;

namespace Fairlead.Rpc;

/// <summary>
/// The buffers of a stranger's connection above its socket: each counts for it until it comes back. What waits there is
/// held whether a call reads it or not, and a window (RFC 9113, 5.2) that is smaller would be smaller for those who are
/// accepted later. Thread-safe.
/// </summary>
/// <param name="pool">Where they are from; it is its server's, and stays.</param>
/// <param name="stranger">Whose they are.</param>
internal sealed class StrangerPages(PagePool pool, Stranger stranger) : MemoryPool<byte>, IMemoryPoolFeature
{
    /// <inheritdoc/>
    public override int MaxBufferSize => PagePool.PageBytes;

    /// <inheritdoc/>
    public MemoryPool<byte> MemoryPool => this;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => pool.Rent(minBufferSize, stranger);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // What is lent comes back to its server's pool by itself.
    }
}
