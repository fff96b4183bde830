using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Delta;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>
/// A client that subscribes, gives up, subscribes again, acknowledges late or never, refuses and reconnects with what
/// it holds, against a view that changes at random and begins anew, not primed. Keeps what a real client would hold and
/// compares it with the view when everything has come to rest.
/// </summary>
internal sealed class DeltaTraffic(int seed)
{
    private static readonly ResourceType[] Types = [ResourceType.Cluster, ResourceType.Endpoints];

    private readonly Random _random = new(seed);
    private readonly Dictionary<ResourceType, Dictionary<string, string>> _held = Types.ToDictionary(
        type => type, _ => new Dictionary<string, string>());
    private readonly Dictionary<ResourceType, HashSet<string>> _named = Types.ToDictionary(
        type => type, _ => new HashSet<string>());
    private readonly Dictionary<ResourceType, string> _nonces = [];
    private readonly Dictionary<ResourceType, int> _inFlight = [];
    private DeltaStream _stream = null!;

    // The same stream, but told of snapshots of which it does not know what changed: it looks at all names each time.
    private DeltaStream _thorough = null!;
    private ResourceSnapshot _snapshot = Snapshot();
    private TimeSpan _now = TimeSpan.FromSeconds(1);
    private bool _everything;
    private int _answers;

    // What it holds from before and asks for by name: as long as it is not known it is not called removed.
    private readonly HashSet<(ResourceType Type, string Name)> _unsure = [];

    public void Run()
    {
        if (seed % 2 == 0)
        {
            _named[ResourceType.Cluster].UnionWith(["n0", "n1"]);
            foreach (var name in new[] { "n0", "n1", "n2", "n3" })
            {
                _held[ResourceType.Cluster][name] = Cluster(name, timeoutMs: _random.Next(1, 4)).Version;
            }

            Restart();
        }

        Connect();
        for (var step = 0; step < 150; step++)
        {
            Step(_random.Next(14));
        }

        Publish(_snapshot.ToBuilder().MarkPrimed());
        Drain();
        for (var round = 0; round < 6; round++)
        {
            _now += TimeSpan.FromSeconds(31);
            Drain();
            Array.ForEach(Types, type => Acknowledge(type, refuse: false));
            Drain();
        }

        Array.ForEach(Types, type => Assert.True(
            Expected(type).SetEquals(_held[type]
                .Where(one => !IsUnsure(type, one.Key)).Select(one => $"{one.Key}={one.Value}")),
            $"seed {seed}: {type} is {string.Join(' ', _held[type].Keys)}, not {string.Join(' ', Expected(type))}"));
    }

    private bool IsUnsure(ResourceType type, string name) => _unsure.Contains((type, name))
        && _named[type].Contains(name) && _snapshot.Find(type, name) is null;

    private HashSet<string> Expected(ResourceType type)
    {
        var names = _named[type].Concat(type == ResourceType.Cluster && _everything ? _snapshot.Wildcard(type) : []);
        return
        [
            .. names.Select(name => _snapshot.Find(type, name)
                    ?? (type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null))
                .OfType<Resource>().Select(resource => $"{resource.Name}={resource.Version}"),
        ];
    }

    private void Step(int action)
    {
        var name = $"n{_random.Next(5)}";
        var type = Types[_random.Next(2)];
        var builder = _snapshot.ToBuilder();
        switch (action)
        {
            case 0:
                Publish(builder.Set(Cluster(name, timeoutMs: _random.Next(1, 4)), wildcard: name != "n4"));
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
            case 6:
                _named[type].Add(name);
                Send(type, request => request.ResourceNamesSubscribe.Add(name));
                break;
            case 7:
                GiveUp(type, name);
                break;
            case 8:
                Acknowledge(type, refuse: _random.Next(4) == 0);
                break;
            case 9 when _random.Next(8) == 0:
                Connect();
                break;
            case 10 when _random.Next(8) == 0:
                Restart();
                Connect();
                break;
            case 11 when _random.Next(2) == 0:
                Publish(builder.MarkPrimed());
                break;
            case 12 when _random.Next(4) == 0:
                ToggleEverything();
                break;
            case 13 when _named[type].Count > 0:
                GiveUp(type, name = _named[type].First());
                _named[type].Add(name);
                Send(type, request => request.ResourceNamesSubscribe.Add(name));
                break;
            default:
                _now += TimeSpan.FromMilliseconds(_random.Next(1, 2_000));
                break;
        }

        Drain();
    }

    private static Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;

    private void Publish(SnapshotBuilder builder)
    {
        _stream.Advance(_snapshot = builder.Build());
        _thorough.Advance(Anew(_snapshot));
    }

    /// <summary>The server begins anew and knows of its names one by one.</summary>
    private void Restart()
    {
        var builder = ResourceSnapshot.Unprimed.ToBuilder();
        foreach (var cluster in _snapshot.Resources(ResourceType.Cluster).Values.Where(_ => _random.Next(2) == 0))
        {
            builder.Set(cluster, _snapshot.Wildcard(ResourceType.Cluster).Contains(cluster.Name));
        }

        _snapshot = builder.Build();
    }

    private void ToggleEverything()
    {
        var clusters = ResourceType.Cluster;
        _everything = !_everything;
        var unnamed = _held[clusters].Keys.Except(_named[clusters]).ToList();
        foreach (var name in unnamed.Where(_ => !_everything))
        {
            _held[clusters].Remove(name);
        }

        Send(clusters, request =>
            (_everything ? request.ResourceNamesSubscribe : request.ResourceNamesUnsubscribe).Add("*"));
        var answered = _answers;
        Drain();
        Assert.True(
            !_everything || !_snapshot.Primed || _answers > answered, $"seed {seed}: a late \"*\" is not answered");
    }

    private void GiveUp(ResourceType type, string name)
    {
        // What it only asked for by name it drops by itself; what everything holds, the server says.
        if (_named[type].Remove(name) && !(type == ResourceType.Cluster && _everything))
        {
            _held[type].Remove(name);
        }

        Send(type, request => request.ResourceNamesUnsubscribe.Add(name));
    }

    private void Connect()
    {
        _stream = new DeltaStream(_snapshot, Missing, "test/1");
        _thorough = new DeltaStream(_snapshot, Missing, "test/1");
        _nonces.Clear();
        _unsure.Clear();
        _inFlight.Clear();
        _everything = _random.Next(3) > 0;
        foreach (var type in Types)
        {
            foreach (var name in _held[type].Keys.Where(name => !_named[type].Contains(name)
                && !(type == ResourceType.Cluster && _everything)).ToList())
            {
                _held[type].Remove(name);
            }

            _unsure.UnionWith(_held[type].Keys.Where(_named[type].Contains).Select(name => (type, name)));

            Send(type, request =>
            {
                request.ResourceNamesSubscribe.Add(_named[type]);
                if (type == ResourceType.Cluster && _everything)
                {
                    request.ResourceNamesSubscribe.Add("*");
                }
                else if (type == ResourceType.Cluster)
                {
                    request.ResourceNamesSubscribe.Add("*");
                    request.ResourceNamesUnsubscribe.Add("*");
                }

                request.InitialResourceVersions.Add(_held[type]);
            });
        }
    }

    private void Acknowledge(ResourceType type, bool refuse) => Send(type, request =>
    {
        _inFlight[type] = 0;
        request.ResponseNonce = _nonces.GetValueOrDefault(type, "");
        request.ErrorDetail = refuse ? new EnvoyApi.Rpc.Status { Message = "no" } : null;
    });

    private void Send(ResourceType type, Action<DeltaDiscoveryRequest> fill)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = type.TypeUrl };
        fill(request);
        Assert.DoesNotContain(_stream.Receive(request, _now), told => told is StreamEvent.Failed);
        _thorough.Receive(request, _now);
    }

    private void Drain()
    {
        while (_stream.Next(_now) is { } response)
        {
            Assert.Equal(BytesOf(response), BytesOf(_thorough.Next(_now)));
            var type = ResourceType.Find(response.TypeUrl)!;
            _nonces[type] = response.Nonce;
            _answers += type == ResourceType.Cluster ? 1 : 0;
            _inFlight[type] = _inFlight.GetValueOrDefault(type) + 1;
            Assert.True(_inFlight[type] < 30, $"seed {seed}: {type} is pushed without acknowledgements");
            foreach (var resource in response.Resources)
            {
                _held[type][resource.Name] = resource.Version;
                _unsure.Remove((type, resource.Name));
            }

            foreach (var name in response.Removed)
            {
                Assert.DoesNotContain(response.Resources, resource => resource.Name == name);
                _held[type].Remove(name);
                _unsure.Remove((type, name));
            }
        }

        Assert.Null(_thorough.Next(_now));
    }
}
