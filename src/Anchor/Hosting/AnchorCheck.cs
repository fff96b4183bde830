using Fairlead.Anchor.Governing;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Sealing;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.State;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// What <c>--check-config</c> says: everything that would keep an anchor from starting, in its configuration and in the
/// files that this names, at once. Nothing is written or locked, no address is listened at, nobody is asked: it may run
/// beside the anchor. The journals are read through and left as they are; the archive is left to the start, which alone
/// may open it, and so is whether a key that has signed has lost its journal. Not thread-safe.
/// </summary>
internal sealed class AnchorCheck
{
    private readonly AnchorOptions _options;
    private readonly TimeProvider _time;
    private readonly List<string> _problems = [];
    private readonly List<string> _notes = [];

    private AnchorCheck(AnchorOptions options, TimeProvider time) => (_options, _time) = (options, time);

    /// <summary>Checks a configuration.</summary>
    /// <returns>What is wrong, each with its place and the remedy, empty where all is well; and what a start would go
    /// on without.</returns>
    internal static async Task<(IReadOnlyList<string> Problems, IReadOnlyList<string> Notes)> RunAsync(
        string path, IReadOnlyDictionary<string, string> environment, TimeProvider time)
    {
        var file = ConfigurationFile.Load(path, environment);
        var check = new AnchorCheck(AnchorOptions.Read(file), time);
        try
        {
            file.ThrowIfInvalid();
        }
        catch (ConfigurationException e)
        {
            check._problems.AddRange(e.Errors.Select(error => error.ToString()));
        }

        await check.FilesAsync().ConfigureAwait(false);
        return (check._problems, check._notes);
    }

    private async Task FilesAsync()
    {
        // What is missing or wrong in the configuration itself was said already.
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var ground = File.Exists(_options.SegmentFile)
            ? Try(() => SegmentGround.Read(_options.SegmentFile, now))
            : null;
        if (_options.Data.Length > 0)
        {
            if (WritableFolder.Trouble(_options.Data) is { } trouble)
            {
                _problems.Add($"data folder {_options.Data}: {trouble}; make it writable, or give another one");
            }
            else
            {
                Try(() => new StoreMark(_options.Data, _time));
                Try(() => Inspected(_options.Data));
                ground = ground is null ? null : Try(() => new ChainFolder(_options.Data).Newest(ground, now));
                await StateAsync(ground).ConfigureAwait(false);
            }
        }

        if (_options.Socket is { } socket
            && WritableFolder.Trouble(Path.GetDirectoryName(Path.GetFullPath(socket))!) is { } unwritable)
        {
            _problems.Add($"operator's socket {socket}: {unwritable}; give another operator_socket");
        }

        Keys(ground);
        Identities();
    }

    private static string Inspected(string folder)
    {
        OperationBook.Inspect(folder);
        return folder;
    }

    private async Task StateAsync(SegmentGround? ground)
    {
        if (ground is not null && Try(() => new StateKeeper(
            new HomePin(ground.Genesis, ground.Name), Path.Combine(_options.Data, "verifier.state"), _options.Id))
            is { } keeper)
        {
            await keeper.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Keys(SegmentGround? ground)
    {
        var paths = new[] { _options.GovKey, _options.SealKey, _options.TlsKey };
        var before = _problems.Count;
        foreach (var path in paths.Where(path => path.Length > 0).Distinct())
        {
            Try(() => KeyFile.LoadSigner(path))?.Dispose();
        }

        if (before == _problems.Count && ground is not null && _options.Id.Length > 0
            && paths.All(path => path.Length > 0))
        {
            using var keys = Try(() => KeyCustody.Load(_options, ground, _time));
            if (keys is not null && _options.Data.Length > 0)
            {
                Journal(ground, keys.Seal, "seal");
                Journal(ground, keys.Gov, "gov");
            }
        }
    }

    // A new anchor has none yet, and so has a key that an epoch brought in; only the archive knows of one that is gone.
    private void Journal(SegmentGround ground, EcdsaSigner signer, string role)
    {
        var isThere = Try(() => (object)DataFolder.Inspect(_options, ground, signer));
        if (isThere is false && File.Exists(Path.Combine(_options.Data, "archive.db")))
        {
            _notes.Add(
                $"data folder {_options.Data}: no journal of the {role} key {signer.Key.Kid}; where that key has "
                + "signed before, the anchor does not start without it");
        }
    }

    // Bundles and keys of issuers may appear later than the anchor.
    private void Identities()
    {
        foreach (var domain in _options.Identities.Spiffe.Where(one => File.Exists(one.Bundle)))
        {
            Note(domain.Bundle, bytes => SpiffeSubjects.ReadBundle(domain.Domain, bytes));
        }

        foreach (var issuer in _options.Identities.Tokens.Where(one => File.Exists(one.Keys)))
        {
            Note(issuer.Keys, TokenKeys.Read);
        }
    }

    private void Note(string path, Func<byte[], object> read)
    {
        _ = new RotatedFiles<object>([path], SvidFiles.BytesMax, contents => read(contents[0]), _time)
        {
            Unreadable = reason => _notes.Add($"{path}: {reason}"),
        }.Current;
    }

    private T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is StartException or KeyFileException or InvalidDataException or IOException
            or StateException or UnauthorizedAccessException or FormatException)
        {
            _problems.Add(e.Message);
            return null;
        }
    }
}
