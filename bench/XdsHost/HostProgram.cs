using System.Runtime.InteropServices;
using Fairlead.Hosting.Memory;
using Fairlead.Rpc;
using Fairlead.Xds;

namespace Fairlead.XdsHost;

/// <summary>The program: a server of xDS, and the lines that change what it serves.</summary>
internal static class HostProgram
{
    private const string Change = "u ";
    private const string Measure = "m";

    /// <summary>Serves until the input ends or the process is told to end.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="open">What is served, as the command line says; it is disposed of in the end.</param>
    /// <param name="input">The lines that change it.</param>
    /// <param name="output">Hears that it listens, and what it holds.</param>
    /// <param name="errors">Hears why it ends.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments,
        Func<HostOptions, IServedList> open,
        TextReader input,
        TextWriter output,
        TextWriter errors)
    {
        if (HostOptions.Read(arguments, out var problem) is not { } options)
        {
            await errors.WriteLineAsync(problem);
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        await using var services = open(options);
        var xds = new AdsService(services, new AdsOptions { ControlPlane = "XdsHost" });
        var server = new RpcServerOptions { Endpoints = { options.Listen }, Services = { xds.Define() } };
        foreach (var service in xds.DefineTypes())
        {
            server.Services.Add(service);
        }

        try
        {
            using var collector = new QuietCollector(TimeProvider.System); // As the sidecar has one.
            await using var running = await RpcServer.StartAsync(server, stop.Token);
            await output.WriteLineAsync("ready");
            await output.FlushAsync(stop.Token);
            return await FollowAsync(services, xds, input, output, errors, stop.Token);
        }
        catch (IOException e)
        {
            await errors.WriteLineAsync($"{options.Listen}: {e.Message}");
            return 2;
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<int> FollowAsync(
        IServedList services,
        AdsService xds,
        TextReader input,
        TextWriter output,
        TextWriter errors,
        CancellationToken cancellationToken)
    {
        try
        {
            while (await input.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line == Measure)
                {
                    await output.WriteLineAsync($"streams {xds.Streams().Count} {HeldMemory.Describe()}");
                    await output.FlushAsync(cancellationToken);
                    continue;
                }

                var isChange = line.StartsWith(Change, StringComparison.Ordinal);
                if (!isChange || !services.Change(line[Change.Length..].Trim()))
                {
                    await errors.WriteLineAsync($"{line}: expected u NAME with one of the names, or m");
                    return 3;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        return 0;
    }
}
