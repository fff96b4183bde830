using Fairlead.Hosting;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Governing;

/// <summary>
/// The operator's unix socket, by default in the data folder: mode 0600 before anyone can connect. Whoever may open it
/// is the operator; nothing of it is served on a port.
/// </summary>
internal static class OperatorSocket
{
    private const int StreamsMax = 16;

    /// <summary>Serves the operator.</summary>
    /// <exception cref="StartException">The socket cannot be made; the message names it, and the remedy.</exception>
    internal static async Task<RpcServer> StartAsync(
        string path, OperatorService service, TimeProvider time, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var options = new RpcServerOptions
        {
            Endpoints = { RpcEndpoint.Unix(path, UnixFileMode.UserRead | UnixFileMode.UserWrite) },
            Services = { service.Build() },
            MaxStreamsPerConnection = StreamsMax,
            LoggerFactory = loggers,
        };
        options.Calls.TimeProvider = time;
        try
        {
            return await RpcServer.StartAsync(options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            throw new StartException(
                $"operator's socket {path}: {e.Message}; end what else uses it, or give a shorter operator_socket", e);
        }
    }
}
