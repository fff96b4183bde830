using System.Net;
using Fairlead.Rpc;
using Fairlead.Xds;

namespace Fairlead.XdsConformance;

/// <summary>A server of xDS that a conformance harness drives.</summary>
internal static class ConformanceProgram
{
    private const string Listen = "--listen";
    private const string Unix = "unix:";

    /// <summary>Serves until it is told to end.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        var states = new NodeStates();
        var xds = new AdsService(states, new AdsOptions
        {
            ControlPlane = "XdsConformance",
            Limits = XdsLimits.Default with { PushInterval = TimeSpan.Zero, TellsEveryRemoval = true },
        });
        var server = new RpcServerOptions { Services = { xds.Define(), AdapterService.Define(states) } };
        foreach (var service in xds.DefineTypes())
        {
            server.Services.Add(service);
        }

        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            if (arguments[i] != Listen || Endpoint(value) is not { } endpoint)
            {
                await errors.WriteLineAsync($"{arguments[i]} {value}: expected {Listen} HOST:PORT or {Unix}PATH");
                return 2;
            }

            server.Endpoints.Add(endpoint);
        }

        if (server.Endpoints.Count == 0)
        {
            await errors.WriteLineAsync($"{Listen} is missing");
            return 2;
        }

        try
        {
            await using var running = await RpcServer.StartAsync(server, stop);
            await output.WriteLineAsync("ready " + string.Join(' ', running.Endpoints));
            await output.FlushAsync(stop);
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
        }
        catch (IOException exception)
        {
            await errors.WriteLineAsync(exception.Message);
            return 2;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }

        return 0;
    }

    private static RpcEndpoint? Endpoint(string text) =>
        text.StartsWith(Unix, StringComparison.Ordinal) && text.Length > Unix.Length
            ? RpcEndpoint.Unix(Path.GetFullPath(text[Unix.Length..]))
            : IPEndPoint.TryParse(text, out var address) && IPAddress.IsLoopback(address.Address)
                ? RpcEndpoint.Tcp(address)
                : null;
}
