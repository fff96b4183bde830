using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Proxy;

/// <summary>How many connections are open at each address. Thread-safe.</summary>
internal sealed class PortConnections
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPEndPoint, int> _counts = [];

    /// <summary>Hears of an address when its last connection has ended; must not block.</summary>
    internal Action<IPEndPoint> Idle { get; set; } = static _ => { };

    /// <summary>Whether an address has any.</summary>
    internal bool Any(IPEndPoint address)
    {
        lock (_gate)
        {
            return _counts.ContainsKey(address);
        }
    }

    /// <summary>Counts those of an address from now on.</summary>
    internal void Count(ListenOptions port) => port.Use(next => connection => RunAsync(connection, next));

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (IPEndPoint)connection.LocalEndPoint!;
        lock (_gate)
        {
            _counts[address] = _counts.GetValueOrDefault(address) + 1;
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            if (Leave(address))
            {
                Idle(address);
            }
        }
    }

    private bool Leave(IPEndPoint address)
    {
        lock (_gate)
        {
            return --_counts[address] == 0 && _counts.Remove(address);
        }
    }
}
