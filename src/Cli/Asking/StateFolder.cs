using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.State;

namespace Fairlead.Cli.Asking;

/// <summary>What a consumer remembers between runs, in a folder of its own (V39). One process uses it at a
/// time.</summary>
internal static class StateFolder
{
    /// <summary>Opens the memory of a consumer.</summary>
    /// <param name="path">The folder; null remembers nothing.</param>
    /// <param name="key">Whose memory it is.</param>
    /// <param name="bootstrap">The trust root.</param>
    /// <param name="options">What verification is told.</param>
    /// <exception cref="CliException">The folder cannot be made, or the file in it cannot be used.</exception>
    internal static VerifierMemory Open(string? path, PublicKey key, BootstrapFile bootstrap, VerifierOptions options)
    {
        var home = new HomePin(bootstrap.Home.Genesis, bootstrap.Home.Name, bootstrap.Home.Floor);
        var pins = bootstrap.Pins
            .Select(pin => KeyValuePair.Create(pin.Name, new Pin(pin.Genesis, null, pin.Floor)))
            .ToList();
        try
        {
            if (path is null)
            {
                return new VerifierMemory(home, pins, key, options, null);
            }

            Directory.CreateDirectory(path);
            return new VerifierMemory(home, pins, key, options, Path.Combine(path, "verifier.state"));
        }
        catch (StateException e)
        {
            throw new CliException(ExitCode.Usage, $"--state: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(
                ExitCode.Usage, $"{VerificationFailure.StateNotDurable}: --state {path}: {e.Message}");
        }
    }
}
