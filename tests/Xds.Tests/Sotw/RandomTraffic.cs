using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>
/// A client of the wildcard that acknowledges late, never, or with a refusal, against a view that changes at random. It
/// takes no response that has a bad cluster. Keeps what a real client would hold and compares it with the view when
/// everything has come to rest.
/// </summary>
internal sealed class RandomTraffic(int seed)
{
    private readonly Random _random = new(seed);
    // A cluster of this timeout is bad.
    private const int Bad = 3;

    private static readonly HashSet<string> BadVersions =
        [.. Enumerable.Range(0, 5).Select(i => Cluster($"n{i}", timeoutMs: Bad).Version)];

    private Dictionary<string, string> _clusters = [];
    private Dictionary<string, string>? _offered;
    private readonly Dictionary<string, string> _endpoints = [];
    private readonly Dictionary<ResourceType, string> _nonces = [];
    private readonly Dictionary<ResourceType, int> _inFlight = [];
    private SotwStream _stream = null!;

    // The same stream, but told of snapshots of which it does not know what changed: it looks at all names each time.
    private SotwStream _thorough = null!;
    private ResourceSnapshot _snapshot = Snapshot();
    private TimeSpan _now = TimeSpan.FromSeconds(1);
    private string[] _names = [];

    public void Run()
    {
        _stream = new SotwStream(_snapshot, static (_, name) => Resource.EmptyEndpoints(name), "test/1");
        _thorough = new SotwStream(_snapshot, static (_, name) => Resource.EmptyEndpoints(name), "test/1");
        Send(ResourceType.Cluster);
        for (var step = 0; step < 120; step++)
        {
            Step(_random.Next(8));
        }

        for (var round = 0; round < 20; round++)
        {
            _now += TimeSpan.FromSeconds(31);
            Drain();
            _names = [.. _clusters.Keys];
            Send(ResourceType.Cluster);
            Send(ResourceType.Endpoints);
            Drain();
        }

        // Of what is bad it has what it took of that name before, if anything.
        var expected = Expected(ResourceType.Cluster);
        var good = expected.Where(one => !BadVersions.Contains(one.Split('=')[1])).ToList();
        Assert.Superset(good.ToHashSet(), _clusters.Select(Pair).ToHashSet());
        Assert.Equal(good.Order(), _clusters.Where(
            one => !BadVersions.Contains(_snapshot.Find(ResourceType.Cluster, one.Key)?.Version ?? "")).Select(Pair)
            .Order());
        Assert.True(Expected(ResourceType.Endpoints).SetEquals(_endpoints.Select(Pair)),
            $"seed {seed}: endpoints differ");
    }

    private static string Pair(KeyValuePair<string, string> entry) => $"{entry.Key}={entry.Value}";

    private HashSet<string> Expected(ResourceType type)
    {
        return [.. _clusters.Keys.Where(_ => type == ResourceType.Endpoints)
            .Select(n => _snapshot.Find(type, n) ?? Resource.EmptyEndpoints(n))
            .Concat(_snapshot.Resources(type).Values.Where(_ => type == ResourceType.Cluster))
            .Select(r => $"{r.Name}={r.Version}")];
    }

    private void Step(int action)
    {
        var name = $"n{_random.Next(5)}";
        var builder = _snapshot.ToBuilder();
        switch (action)
        {
            case 0:
                Publish(builder.Set(Cluster(name, timeoutMs: _random.Next(1, 4)), wildcard: true));
                break;
            case 1:
                Publish(builder.Remove(ResourceType.Cluster, name));
                break;
            case 2:
            case 3:
                Publish(builder.Set(Endpoints(name, _random.Next(1, 5))));
                break;
            case 4:
                Publish(builder.Remove(ResourceType.Endpoints, name));
                break;
            case 5:
                _names = [.. _clusters.Keys];
                Send(ResourceType.Endpoints, refuse: _random.Next(4) == 0);
                break;
            case 6:
                Send(ResourceType.Cluster);
                break;
            default:
                _now += TimeSpan.FromMilliseconds(_random.Next(1, 2_000));
                break;
        }

        Drain();
    }

    private void Publish(SnapshotBuilder builder)
    {
        _stream.Advance(_snapshot = builder.Build());
        _thorough.Advance(Anew(_snapshot));
    }

    private void Send(ResourceType type, bool refuse = false)
    {
        _inFlight[type] = 0;
        if (type == ResourceType.Cluster && _offered is not null)
        {
            refuse = _offered.Values.Any(BadVersions.Contains);
            _clusters = refuse ? _clusters : _offered;
            _offered = null;
        }

        var request = new DiscoveryRequest { TypeUrl = type.TypeUrl,
            ResponseNonce = _nonces.GetValueOrDefault(type, "") };
        request.ResourceNames.Add(type == ResourceType.Cluster ? [] : _names);
        request.ErrorDetail = refuse ? new EnvoyApi.Rpc.Status { Message = "no" } : null;
        _stream.Receive(request, _now);
        _thorough.Receive(request, _now);
        if (type == ResourceType.Endpoints)
        {
            foreach (var gone in _endpoints.Keys.Except(_names).ToList())
            {
                _endpoints.Remove(gone);
            }
        }
    }

    private void Drain()
    {
        while (_stream.Next(_now) is { } response)
        {
            Assert.Equal(BytesOf(response), BytesOf(_thorough.Next(_now)));
            var type = ResourceType.Find(response.TypeUrl)!;
            _nonces[type] = response.Nonce;
            _inFlight[type] = _inFlight.GetValueOrDefault(type) + 1;
            Assert.True(_inFlight[type] < 20, $"seed {seed}: {type} is pushed without acknowledgements");
            var held = type == ResourceType.Cluster ? _offered = [] : _endpoints;
            foreach (var resource in response.Resources)
            {
                held[resource.Name] = resource.Version;
            }
        }

        Assert.Null(_thorough.Next(_now));
    }
}
