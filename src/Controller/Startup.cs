using System.Security.Cryptography;
using Fairlead.Configuration;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Configuration;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;

namespace Fairlead.Controller;

/// <summary>From arguments to a running host.</summary>
internal static class Startup
{
    /// <summary>Whether an error is the operator's to mend: the configuration or the key file.</summary>
    public static bool IsRefused(Exception error) => error is ConfigurationException or KeyFileException;

    /// <summary>Runs the program until it is told to end, or checks its configuration.</summary>
    /// <exception cref="StartException">The arguments or an address are wrong.</exception>
    public static async Task RunAsync(IReadOnlyList<string> arguments, ProgramContext program)
    {
        if (ProgramHelp.Of(arguments, CommandLine.Usage, typeof(Startup).Assembly) is { } help)
        {
            await program.TellAsync(help).ConfigureAwait(false);
            return;
        }

        if (!CommandLine.TryParse(arguments, out var line, out var wrong))
        {
            throw new StartException($"{wrong}; {CommandLine.Usage}");
        }

        var environment = EnvironmentVariables.Read();
        if (line.IsCheck)
        {
            program.TellCheck(Problems(ConfigurationFile.Load(line.Config, environment), line.Manifests), []);
            return;
        }

        var configuration = new ReloadableConfiguration<ControllerOptions>(
            line.Config,
            () => ControllerOptionsReader.Read(ConfigurationFile.Load(line.Config, environment), line.Manifests),
            IsRefused);
        var options = configuration.Options;
        program.LogAs(options.Log);
        using var key = new PublisherKey(options.PublisherKey);
        using var identity = new TlsIdentity(key.Tls, program.Time);
        var chain = new SegmentChain(options.Genesis);
        var anchors = options.Anchors
            .Select(endpoint => new GrpcAnchorPublisher(endpoint, chain, key.Signer.Key.Kid, identity, program.Time))
            .ToList();
        try
        {
            var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
            var log = program.Loggers.CreateLogger("Fairlead.Controller");
            var host = new ControllerHost(
                options, key.Signer, anchors, () => chain.Terms, program.Time, random, RandomNumberGenerator.Fill, log);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(program.Stopped);
            var reloading = configuration.RunAsync(host.Apply, program.Reloads, program.Time, log, end.Token);
            try
            {
                await host.RunAsync(_ => program.Ready(), program.Stopped).ConfigureAwait(false);
            }
            finally
            {
                await end.CancelAsync().ConfigureAwait(false);
                await reloading.ConfigureAwait(false);
            }
        }
        finally
        {
            foreach (var anchor in anchors)
            {
                await anchor.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // All that would keep it from starting; no anchor is asked, and nothing is written.
    private static List<string> Problems(ConfigurationFile file, string? manifests)
    {
        var problems = new List<string>();
        var options = ControllerOptionsReader.Parse(file, manifests);
        try
        {
            file.ThrowIfInvalid();
        }
        catch (ConfigurationException e)
        {
            problems.AddRange(e.Errors.Select(error => error.ToString()));
        }

        try
        {
            if (options.PublisherKey is { Length: > 0 } path)
            {
                new PublisherKey(path).Dispose();
            }
        }
        catch (KeyFileException e)
        {
            problems.Add(e.Message);
        }

        try
        {
            _ = Directory.Exists(options.Manifests) && Directory.EnumerateFileSystemEntries(options.Manifests).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"manifests: {options.Manifests}: {e.Message}; let the controller read it");
        }

        return problems;
    }
}
