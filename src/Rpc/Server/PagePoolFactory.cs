using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Fairlead.Rpc;

/// <summary>Makes the pools of a server. Thread-safe.</summary>
internal sealed class PagePoolFactory : IMemoryPoolFactory<byte>
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new PagePool(Period, TimeProvider.System);
}
