using System.Security.Cryptography;
using Fairlead.Configuration;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Configuration;
using Fairlead.Hosting;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;

namespace Fairlead.Controller;

/// <summary>From arguments to a running host.</summary>
internal static class Startup
{
    /// <summary>Whether an error is the operator's to mend: the configuration or the key file.</summary>
    public static bool IsRefused(Exception error) => error is ConfigurationException or KeyFileException;

    /// <summary>Runs the program until it is told to end.</summary>
    /// <exception cref="StartException">The arguments or an address are wrong.</exception>
    public static async Task RunAsync(IReadOnlyList<string> arguments, ProgramContext program)
    {
        if (!CommandLine.TryParse(arguments, out var line, out var wrong))
        {
            throw new StartException($"{wrong}; {CommandLine.Usage}");
        }

        var file = ConfigurationFile.Load(line.Config, EnvironmentVariables.Read());
        var options = ControllerOptionsReader.Read(file, line.Manifests);
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
            var host = new ControllerHost(options, key.Signer, anchors, program.Time, random, log);
            await host.RunAsync(_ => program.Ready(), program.Stopped).ConfigureAwait(false);
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
