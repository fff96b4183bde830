using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.Xds;

namespace Fairlead.Bench;

/// <summary>
/// A process full of xDS clients: each stream names one assignment and acknowledges whatever comes, so that the
/// server's process holds nothing of the clients' cost. Prints <c>ready</c> once every stream has its first
/// response; ends with its stdin.
/// </summary>
internal static class XdsClients
{
    /// <summary>The argument that makes this program one: COMMAND SOCKET STREAMS CONNECTIONS VARIANT.</summary>
    public const string Command = "--xds-clients";

    /// <summary>The variants.</summary>
    public const string Sotw = "sotw";

    /// <inheritdoc cref="Sotw"/>
    public const string Delta = "delta";

    public const string Assignment = "checkout.shop.svc.us1.internal:80";

    private const int AtOnce = 50;

    public static async Task<int> RunAsync(string socket, string streams, string connections, string variant)
    {
        Func<RpcChannel, int, TaskCompletionSource, CancellationToken, Task> serveAsync =
            variant == Delta ? ServeDeltaAsync : ServeAsync;
        using var stop = new CancellationTokenSource();
        var count = int.Parse(streams, System.Globalization.CultureInfo.InvariantCulture);
        var channels = Enumerable.Range(0, int.Parse(connections, System.Globalization.CultureInfo.InvariantCulture))
            .Select(_ => new RpcChannel("unix:" + socket)).ToList();
        var first = Enumerable.Range(0, count)
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var serving = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            serving.Add(serveAsync(channels[i % channels.Count], i, first[i], stop.Token));
            if (i % AtOnce == AtOnce - 1 || i == count - 1)
            {
                // A stream that ends before it is told to has failed, and this says why.
                var answered = Task.WhenAll(first.Take(i + 1).Select(it => it.Task));
                await await Task.WhenAny(answered, Task.WhenAny(serving).Unwrap());
            }
        }

        await Console.Out.WriteLineAsync("ready");
        await Task.Run(Console.In.ReadToEnd); // A console has no asynchronous read.
        await stop.CancelAsync();
        await Task.WhenAll(serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(channels.Select(channel => channel.DisposeAsync().AsTask()));
        return 0;
    }

    private static async Task ServeAsync(
        RpcChannel channel, int number, TaskCompletionSource first, CancellationToken cancellationToken)
    {
        using var call = AdsCalls.Sotw.Open(channel, cancellationToken);
        var request = new DiscoveryRequest
        {
            Node = NodeOf(number),
            TypeUrl = ResourceType.Endpoints.TypeUrl,
            ResourceNames = { Assignment },
        };
        await FollowAsync(
            call, request, static response => AdsCalls.Ack(response, Assignment), first, cancellationToken);
    }

    private static async Task ServeDeltaAsync(
        RpcChannel channel, int number, TaskCompletionSource first, CancellationToken cancellationToken)
    {
        using var call = AdsCalls.Delta.Open(channel, cancellationToken);
        var request = new DeltaDiscoveryRequest
        {
            Node = NodeOf(number),
            TypeUrl = ResourceType.Endpoints.TypeUrl,
            ResourceNamesSubscribe = { Assignment },
        };
        await FollowAsync(call, request, static response => AdsCalls.Ack(response), first, cancellationToken);
    }

    // Asks, and acknowledges each response.
    private static async Task FollowAsync<TRequest, TResponse>(
        AsyncDuplexStreamingCall<TRequest, TResponse> call,
        TRequest request,
        Func<TResponse, TRequest> ack,
        TaskCompletionSource first,
        CancellationToken cancellationToken)
    {
        await call.RequestStream.WriteAsync(request, cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            await call.RequestStream.WriteAsync(ack(call.ResponseStream.Current), cancellationToken);
            first.TrySetResult();
        }
    }

    private static Node NodeOf(int number) => new() { Id = $"shop/frontend-{number}", UserAgentName = "envoy" };
}
