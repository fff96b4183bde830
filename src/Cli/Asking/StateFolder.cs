using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.State;

namespace Fairlead.Cli.Asking;

/// <summary>What a consumer remembers between runs, in a folder of its own (V39). One process uses it at a time.</summary>
internal sealed class StateFolder
{
    private readonly DurableFile? _file;
    private readonly string _node;
    private byte[] _stored = [];

    /// <summary>The state of a consumer.</summary>
    /// <param name="path">The folder; null remembers nothing.</param>
    /// <param name="key">Whose state it is.</param>
    /// <exception cref="CliException">The folder cannot be made.</exception>
    internal StateFolder(string? path, PublicKey key)
    {
        _node = key.Kid.ToString();
        if (path is null)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(path);
            _file = new DurableFile(Path.Combine(path, "verifier.state"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{VerificationFailure.StateNotDurable}: --state {path}: {e.Message}");
        }
    }

    /// <summary>Loads the state.</summary>
    /// <returns>The state, and whether nothing was remembered.</returns>
    /// <exception cref="CliException">The file is damaged, or belongs to another consumer.</exception>
    internal (VerifierState State, bool IsFresh) Load(BootstrapFile bootstrap)
    {
        var home = new HomePin(bootstrap.Home.Genesis, bootstrap.Home.Name, bootstrap.Home.Floor);
        var pins = bootstrap.Pins.Select(pin => KeyValuePair.Create(pin.Name, new Pin(pin.Genesis, null, pin.Floor))).ToList();
        try
        {
            if (_file?.Load() is not { } bytes)
            {
                return (VerifierState.Start(home, pins), true);
            }

            _stored = bytes;
            return StateFile.TryRead(bytes, home, _node, out var state, out var error, pins)
                ? (state, state.HomeState?.Seal is null)
                : throw new CliException(ExitCode.Usage, $"--state: {error}; use another folder");
        }
        catch (StateException e)
        {
            throw new CliException(ExitCode.Usage, $"--state: {e.Message}");
        }
    }

    /// <summary>Makes a state durable; returns once it is.</summary>
    /// <exception cref="CliException"><c>StateNotDurable</c>.</exception>
    internal void Save(VerifierState state)
    {
        var bytes = StateFile.Write(state, _node);
        if (_file is null || bytes.AsSpan().SequenceEqual(_stored))
        {
            return;
        }

        try
        {
            _file.Save(bytes);
            _stored = bytes;
        }
        catch (StateException e)
        {
            throw new CliException(ExitCode.Usage, $"--state: {e.Message}");
        }
    }
}
