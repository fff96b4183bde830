using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Hosting;

/// <summary>
/// Bounds the connections of one port of pages: for a further one the oldest of the address that has most is closed. So
/// whoever opens many and says nothing costs the process no more descriptors, and shuts out nobody who asks from
/// elsewhere. Each port has a bound of its own: strangers at one take no room at another. Thread-safe.
/// </summary>
public sealed class PageConnections
{
    /// <summary>How many connections are open at once.</summary>
    public const int Max = 256;

    private readonly Lock _gate = new();
    private readonly List<ConnectionContext> _open = [];

    private PageConnections()
    {
    }

    /// <summary>Bounds a port's connections.</summary>
    public static void Bound(ListenOptions port)
    {
        ArgumentNullException.ThrowIfNull(port);
        var connections = new PageConnections();
        port.Use(next => connection => connections.RunAsync(connection, next));
    }

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        Enter(connection)?.Abort(new ConnectionAbortedException("a further connection takes its place"));
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(connection);
            }
        }
    }

    /// <summary>Takes a connection in.</summary>
    /// <returns>The one that has to go for it; null for none.</returns>
    private ConnectionContext? Enter(ConnectionContext connection)
    {
        lock (_gate)
        {
            ConnectionContext? oldest = null;
            if (_open.Count == Max)
            {
                oldest = _open.GroupBy(one => (one.RemoteEndPoint as IPEndPoint)?.Address)
                    .MaxBy(group => group.Count())!.First();
                _open.Remove(oldest);
            }

            _open.Add(connection);
            return oldest;
        }
    }
}
