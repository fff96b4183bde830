using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;
using Fairlead.XdsHost;

namespace Fairlead.ViewsHost;

/// <summary>A sidecar's views over a resolver that finds a fixed set of names, each at once, and nothing else. Safe for
/// concurrent use.</summary>
internal sealed class ServedList : IServedList
{
    private const string Suffix = ".shop.svc.us1.internal";
    private const string TrustDomain = "us1.internal";
    private const int Others = 2;
    private const int Guarded = 4;

    // A name that nobody answers holds a client up for as long.
    private static readonly TimeSpan Hold = TimeSpan.FromMilliseconds(50);

    private readonly Lock _resolving = new();
    private readonly ConcurrentDictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _rounds;
    private readonly HashSet<string> _imports;
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-views-").FullName;
    private readonly int _endpoints;
    private readonly ShapeFile _shapes;
    private readonly ServedViews _views;

    private ServedList(int names, int endpoints)
    {
        _endpoints = endpoints;
        _rounds = Enumerable.Range(0, names).ToDictionary(NameOf, static _ => 0, StringComparer.Ordinal);
        _imports = Enumerable.Range(0, names).Where(static i => i % Others == 0).Select(NameOf).ToHashSet();
        _shapes = new ShapeFile(
            Path.Combine(_folder, "imports.state"), _imports, reason => throw new InvalidOperationException(reason));
        _views = new ServedViews(
            _imports, OnInterest, _shapes, onDemand: new OnDemandOptions { Hold = Hold });
        foreach (var name in _imports)
        {
            OnInterest(name, true);
        }
    }

    /// <summary>As the command line says.</summary>
    public static ServedList Open(HostOptions options) => new(options.Names, options.Endpoints);

    public ResourceView Open(ClientNode client, ResourceType? only) => _views.Open(client, only);

    /// <summary>Changes a weight, and now and then all: without identities a name is emptied, denied and absent in its
    /// turn, with them its bundle is another one.</summary>
    /// <inheritdoc/>
    public bool Change(string name)
    {
        lock (_resolving)
        {
            if (!_rounds.ContainsKey(name + Suffix))
            {
                return false;
            }

            _rounds[name + Suffix]++;
        }

        Resolve(name + Suffix);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _shapes.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"svc-{i}{Suffix}");

    // As the resolver: it hears under a lock, counts who wants a name, and answers on a thread of its own.
    private void OnInterest(string name, bool isWanted)
    {
        if (isWanted)
        {
            _wanted[name] = _wanted.GetValueOrDefault(name) + 1;
        }
        else if (_wanted.GetValueOrDefault(name) is > 1 and var users)
        {
            _wanted[name] = users - 1;
        }
        else if (!_imports.Contains(name))
        {
            _wanted.TryRemove(name, out _);
        }

        _ = Task.Run(() => Resolve(name));
    }

    // One after the other, and by what is wanted now: else what nobody wants any more could be published last.
    private void Resolve(string name)
    {
        lock (_resolving)
        {
            if (_wanted.ContainsKey(name))
            {
                _views.Publish(Find(name));
            }
            else
            {
                _views.Forget(name);
            }
        }
    }

    private ServedName Find(string name)
    {
        if (!_rounds.TryGetValue(name, out var round))
        {
            return ServedName.Without(name, name.StartsWith("late-", StringComparison.Ordinal)
                ? Reasons.Pending : name.StartsWith("denied-", StringComparison.Ordinal)
                ? Reasons.Denied : Reasons.Absent, []);
        }

        var number = int.Parse(name.AsSpan(4, name.IndexOf('.', StringComparison.Ordinal) - 4),
            CultureInfo.InvariantCulture);
        ImmutableArray<ServedPort> ports = [new ServedPort("http", 80, number % 3 == 0 ? "grpc" : "http")];
        var peer = number % Guarded == 0 ? PeerOf(name, round) : null;
        return (peer, round % 8) switch
        {
            (null, 3) => ServedName.Without(name, Reasons.Denied, ports),
            (null, 5) => ServedName.Without(name, Reasons.Absent, ports),
            (null, 7) => Of(name, ports, 0, round, peer),
            _ => Of(name, ports, _endpoints, round, peer),
        };
    }

    private static TlsPeer PeerOf(string name, int round) => new(
        "peer", [$"spiffe://{TrustDomain}/{name}"],
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(
            TrustDomain, string.Create(CultureInfo.InvariantCulture, $"bundle {round / 8}")),
        name);

    private static ServedName Of(
        string name, ImmutableArray<ServedPort> ports, int endpoints, int round, TlsPeer? peer) => new(
        name, null, ports,
        [
            .. Enumerable.Range(0, endpoints).Select(i => new ServedEndpoint(
                $"10.1.{i / 250}.{1 + (i % 250)}", [8080], "us1", i % 2 == 0 ? "a" : "b",
                i == 0 ? 1 + (uint)(round % 100) : 1, ServedHealth.Healthy) { Peer = peer?.Id }),
        ],
        new Provenance(TrustDomain, 1, 1, "2026-11-24T15:00:00.000Z"))
    {
        Tls = peer is null ? null : new ServedTls([peer], ClientTls.None),
    };
}
