using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fairlead.Configuration;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Configuration;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Fairlead.Controller;

/// <summary>From arguments to a running host and an exit code: 0 stopped by a signal, 1 a failure while running, 2 anything
/// wrong with arguments, configuration, key file or address.</summary>
internal static class Startup
{
    /// <summary>Runs the program.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (!CommandLine.TryParse(arguments, out var line, out var wrong))
        {
            await errors.WriteLineAsync($"{wrong}; {CommandLine.Usage}").ConfigureAwait(false);
            return 2;
        }

        try
        {
            var file = ConfigurationFile.Load(line.Config, EnvironmentVariables.Read());
            var options = ControllerOptionsReader.Read(file, line.Manifests);
            using var key = new PublisherKey(options.PublisherKey);
            await RunAsync(options, key, output, cancellationToken).ConfigureAwait(false);
            return 0;
        }
        catch (KeyFileException refused)
        {
            await errors.WriteLineAsync(refused.Message).ConfigureAwait(false);
            return 2;
        }
        catch (ConfigurationException refused)
        {
            await errors.WriteLineAsync(refused.Message).ConfigureAwait(false);
            return 2;
        }
        catch (IOException bad) when (bad.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await errors.WriteLineAsync($"admin: {bad.Message} choose another admin address, or stop the process that has it")
                .ConfigureAwait(false);
            return 2;
        }
    }

    /// <summary>A token that SIGINT and SIGTERM cancel; the process then ends in its own time.</summary>
    public static CancellationTokenSource OnSignals(List<IDisposable> registrations)
    {
        var stop = new CancellationTokenSource();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                stop.Cancel();
            }));
        }

        return stop;
    }

    private static async Task RunAsync(
        ControllerOptions options, PublisherKey key, TextWriter output, CancellationToken cancellationToken)
    {
        using var logging = LoggerFactory.Create(builder => builder
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        var time = TimeProvider.System;
        using var identity = new TlsIdentity(key.Tls, time);
        var chain = new SegmentChain(options.Genesis);
        var anchors = options.Anchors
            .Select(endpoint => new GrpcAnchorPublisher(endpoint, chain, key.Signer.Key.Kid, identity, time))
            .ToList();
        try
        {
            var seed = System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue);
            var host = new ControllerHost(
                options, key.Signer, anchors, time, new Random(seed), logging.CreateLogger("Fairlead.Controller"));
            await host.RunAsync(
                _ =>
                {
                    output.WriteLine("ready");
                    output.Flush();
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var anchor in anchors)
            {
                await anchor.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
