using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Rpc;
using Fairlead.Xds;

namespace Fairlead.Bench;

/// <summary>From a sidecar's fork to the first endpoints that a client of its xDS socket has.</summary>
internal static class FirstEndpoints
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Starts a sidecar on a state and asks it for one name over and over until there are endpoints.</summary>
    public static async Task<double> MillisecondsAsync(
        DemoProcess demo, string[] imports, string state, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        await using var sidecar = await SidecarProcess.LaunchAsync(demo, imports, null, state, cancellationToken);
        while (true)
        {
            try
            {
                await AskAsync(sidecar.Xds, imports[0] + ":80", bound.Token);
                return sidecar.Age.TotalMilliseconds;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable)
            {
                await Task.Delay(Between, TimeProvider.System, bound.Token);
            }
        }
    }

    // A channel each: one that failed waits before it tries again.
    private static async Task AskAsync(string target, string name, CancellationToken cancellationToken)
    {
        await using var channel = new RpcChannel(target);
        using var call = AdsCalls.Sotw.Open(channel, cancellationToken);
        var request = new DiscoveryRequest
        {
            Node = new Node { Id = "shop/frontend", UserAgentName = "envoy" },
            TypeUrl = ResourceType.Endpoints.TypeUrl,
            ResourceNames = { name },
        };
        await call.RequestStream.WriteAsync(request, cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = call.ResponseStream.Current;
            var assignment = response.Resources.Select(any => any.Unpack<ClusterLoadAssignment>()).FirstOrDefault();
            if (assignment is { Endpoints.Count: > 0 })
            {
                return;
            }

            await call.RequestStream.WriteAsync(AdsCalls.Ack(response, name), cancellationToken);
        }

        throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended"));
    }
}
