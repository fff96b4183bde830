using System.Collections.Frozen;
using System.Security.Cryptography;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Serving;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// What <c>--check-config</c> says: everything that would keep a sidecar from starting, in its configuration and in the
/// files that this names, at once. Nothing is written, no address is listened at, nobody is asked. Not thread-safe.
/// </summary>
internal sealed class ConfigurationCheck
{
    private readonly SidecarOptions _options;
    private readonly TimeProvider _time;
    private readonly List<string> _problems = [];
    private readonly List<string> _notes = [];

    private ConfigurationCheck(SidecarOptions options, TimeProvider time) => (_options, _time) = (options, time);

    /// <summary>Checks a configuration.</summary>
    /// <returns>What is wrong, each with its place and the remedy, empty where all is well; and what a start would go
    /// on without.</returns>
    internal static (IReadOnlyList<string> Problems, IReadOnlyList<string> Notes) Run(
        string path, IReadOnlyDictionary<string, string> environment, TimeProvider time)
    {
        var file = ConfigurationFile.Load(path, environment);
        var check = new ConfigurationCheck(SidecarOptions.Read(file), time);
        try
        {
            file.ThrowIfInvalid();
        }
        catch (ConfigurationException e)
        {
            check._problems.AddRange(e.Errors.Select(error => error.ToString()));
        }

        check.Files();
        return (check._problems, check._notes);
    }

    private void Files()
    {
        // What is missing or wrong in the configuration itself was said already.
        var bootstrap = File.Exists(_options.Bootstrap) ? Try(() => BootstrapFile.Read(_options.Bootstrap)) : null;
        var before = _problems.Count;
        var (key, subject) = Proof();
        var isOther = _options.Identity.Svid is not null || _options.Identity.Token is not null;
        var isProofGood = key is not null || (isOther && _problems.Count == before);
        subject ??= _options.Subject ?? (key is null ? null : bootstrap?.SubjectOf(key));
        if (bootstrap is not null && isProofGood && subject is null)
        {
            _problems.Add(ResolverSetup.NoSubject(_options));
        }

        // These may appear later than the sidecar; those of Envoy are Envoy's to read, by the same paths.
        Note("proxy.spiffe", _options.Proxy?.Spiffe);
        Note("xds.spiffe", _options.XdsSvid);
        if (_options.XdsSocket.Length > 0
            && WritableFolder.Trouble(Path.GetDirectoryName(Path.GetFullPath(_options.XdsSocket))!) is { } trouble)
        {
            _problems.Add($"cannot listen at {_options.XdsSocket}: {trouble}; change xds.socket");
        }

        if (_options is { Dns: not null, Proxy: null })
        {
            _notes.Add("dns: no service has an address without the proxy, which listens there; add the section proxy");
        }

        if (_options.State is { } folder)
        {
            State(folder, bootstrap, key ?? OwnKey(folder));
        }
    }

    private void Note(string key, SpiffePaths? paths) =>
        _ = new SvidFiles(paths, _time, unreadable: reason => _notes.Add($"{key}: {reason}")).Current;

    private (PublicKey? Key, Subject? Subject) Proof()
    {
        var identity = _options.Identity;
        if (identity.Svid is { } files)
        {
            return (null, SvidAt(files) is { } svid ? KubernetesPath.SubjectOf(svid.Identity) : null);
        }

        if (identity.Token is { } token)
        {
            return (null, Try(() => new TokenProof(token, _time))?.Subject);
        }

        return (identity.Key is { Length: > 0 } key ? KeyAt(key) : null, null);
    }

    private SvidProof? SvidAt(SpiffePaths paths)
    {
        var problem = "";
        try
        {
            return new SvidProof(new SvidFiles(paths, _time, unreadable: reason => problem = $" ({reason})"));
        }
        catch (CryptographicException e)
        {
            _problems.Add($"spiffe: {paths.Certificate}: {e.Message}{problem}; give the files of an X.509 SVID");
            return null;
        }
    }

    private void State(string folder, BootstrapFile? bootstrap, PublicKey? key)
    {
        if (WritableFolder.Trouble(folder) is { } trouble)
        {
            _problems.Add(
                $"{VerificationFailure.StateNotDurable}: state folder {folder}: {trouble}; give a folder that can be "
                + "written");
            return;
        }

        var file = Path.Combine(folder, ResolverSetup.VerifierState);
        if (bootstrap is not null && key is not null && File.Exists(file))
        {
            var memory = Try(() => new VerifierMemory(
                ResolverSetup.HomeOf(bootstrap), ResolverSetup.PinsOf(bootstrap), key, new VerifierOptions(), file));
            if (memory?.Lost is { } lost)
            {
                _notes.Add(lost.Message);
            }
        }

        if (_options.Dns is { } dns)
        {
            Try(() => VipBook.Open(
                dns.Vips, Path.Combine(folder, DnsComponent.VipsState), static (_, _, _, _) => default, _time))
                ?.Dispose();
        }

        _ = new ShapeFile(Path.Combine(folder, SidecarHost.ShapesState), FrozenSet<string>.Empty, _notes.Add);
    }

    // Beside another proof than a key the pod has a key of its own, which the first start makes.
    private PublicKey? OwnKey(string folder)
    {
        var file = Path.Combine(folder, PodProof.OwnKey);
        return _options.Identity.Key is null && File.Exists(file) ? KeyAt(file) : null;
    }

    private PublicKey? KeyAt(string file) => Try(() =>
    {
        using var signer = KeyFile.LoadSigner(file);
        return signer.Key;
    });

    private T? Try<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is KeyFileException or InvalidDataException or IOException or StateException
            or UnauthorizedAccessException or FormatException)
        {
            _problems.Add(e.Message);
            return null;
        }
    }
}
