using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Streams;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Functional;
using Fairlead.Xds.Tests.Sotw;

namespace Fairlead.Xds.Tests;

/// <summary>A client of any variant against streams in the same process, on one or on one for each type. It keeps the
/// list of names that a client of the state of the world repeats, and what it holds for a stream after this
/// one.</summary>
internal sealed class AnyClient
{
    private readonly Variant _variant;
    private readonly Dictionary<ResourceType, SotwClient> _sotw = [];
    private readonly Dictionary<ResourceType, DeltaClient> _delta = [];
    private readonly Dictionary<ResourceType, SortedSet<string>> _names = [];

    // From the stream before: the version of each type, and of each resource.
    private readonly Dictionary<ResourceType, string> _versions = [];
    private readonly Dictionary<ResourceType, (string Name, string Version)[]> _held = [];

    internal AnyClient(Variant variant, params Resource[] resources)
        : this(variant, Fixtures.Snapshot(resources))
    {
    }

    internal AnyClient(Variant variant, ResourceSnapshot snapshot, XdsLimits? limits = null)
    {
        _variant = variant;
        var (sotw, delta) = (new SotwClient(snapshot, limits), new DeltaClient(snapshot, limits));
        foreach (var type in ResourceType.All)
        {
            _sotw[type] = variant == Variant.SotwPerType ? new SotwClient(snapshot, limits, only: type) : sotw;
            _delta[type] = variant == Variant.DeltaPerType ? new DeltaClient(snapshot, limits, only: type) : delta;
            _names[type] = new SortedSet<string>(StringComparer.Ordinal);
        }
    }

    internal bool IsDelta => _variant is Variant.Delta or Variant.DeltaPerType;

    internal bool IsPerType => _variant is Variant.SotwPerType or Variant.DeltaPerType;

    internal IReadOnlyList<StreamEvent> Subscribe(ResourceType type, params string[] names)
    {
        _names[type].UnionWith(names);
        return IsDelta ? _delta[type].Subscribe(type, names) : _sotw[type].Request(type, Names(type));
    }

    internal IReadOnlyList<StreamEvent> Unsubscribe(ResourceType type, params string[] names)
    {
        _names[type].ExceptWith(names);
        return IsDelta ? _delta[type].Unsubscribe(type, names) : _sotw[type].Request(type, Names(type));
    }

    /// <summary>Says something to a response by its nonce; names may join in the same request.</summary>
    internal IReadOnlyList<StreamEvent> Say(
        ResourceType type, string nonce, Status? error = null, string[]? joining = null)
    {
        _names[type].UnionWith(joining ?? []);
        return IsDelta
            ? _delta[type].Send(type, joining, nonce: nonce, error: error)
            : _sotw[type].Request(type, Names(type), nonce, error: error);
    }

    /// <summary>Asks on the stream of a type for names of whatever it says.</summary>
    internal IReadOnlyList<StreamEvent> Ask(ResourceType stream, string typeUrl, params string[] names) => IsDelta
        ? _delta[stream].Stream.Receive(
            new DeltaDiscoveryRequest { TypeUrl = typeUrl, ResourceNamesSubscribe = { names } }, _delta[stream].Now)
        : _sotw[stream].Stream.Receive(
            new DiscoveryRequest { TypeUrl = typeUrl, ResourceNames = { names } }, _sotw[stream].Now);

    /// <summary>Acknowledges the last response of a type.</summary>
    internal IReadOnlyList<StreamEvent> Ack(ResourceType type) => IsDelta
        ? _delta[type].Ack(type)
        : _sotw[type].Ack(type, Names(type));

    /// <summary>The same client on new streams of a server that serves this: it asks for what it asked for, and has
    /// what it was told.</summary>
    internal AnyClient Again(ResourceSnapshot snapshot)
    {
        var again = new AnyClient(_variant, snapshot);
        foreach (var type in ResourceType.All)
        {
            again._names[type].UnionWith(_names[type]);
            if (IsDelta)
            {
                again._held[type] = [.. _delta[type].Held(type).Select(one => (one.Key, one.Value))];
            }
            else if (_sotw[type].Find(type) is { } last)
            {
                again._versions[type] = last.VersionInfo;
            }
        }

        return again;
    }

    /// <summary>The first request for a type on a new stream, with what is held from the stream before.</summary>
    /// <param name="type">The type.</param>
    /// <param name="nonce">The nonce that the request has: of a new stream none is right.</param>
    internal IReadOnlyList<StreamEvent> Resume(ResourceType type, string nonce = "") => IsDelta
        ? _delta[type].Send(type, Names(type), before: _held.GetValueOrDefault(type), nonce: nonce)
        : _sotw[type].Request(type, Names(type), nonce, _versions.GetValueOrDefault(type, ""));

    /// <summary>What is told by one response: the whole state of clusters and listeners, or what is new of
    /// it.</summary>
    internal string[] Told(string sotw, string delta) => [IsDelta ? delta : sotw];

    /// <summary>The version of all that a response tells of.</summary>
    internal string Version(ResourceType type) => IsDelta
        ? _delta[type].Last(type).SystemVersionInfo
        : _sotw[type].Last(type).VersionInfo;

    /// <summary>The last response of a type to a client of the state of the world.</summary>
    internal DiscoveryResponse LastSotw(ResourceType type) => _sotw[type].Last(type);

    /// <summary>The last response of a type to a delta client.</summary>
    internal DeltaDiscoveryResponse LastDelta(ResourceType type) => _delta[type].Last(type);

    internal string[] Take(ResourceType type) => IsDelta ? _delta[type].Take() : _sotw[type].Take();

    internal string Nonce(ResourceType type) => IsDelta ? _delta[type].Last(type).Nonce : _sotw[type].Last(type).Nonce;

    internal void Publish(params Resource[] resources) =>
        Publish(snapshot => Fixtures.Next(snapshot, resources));

    /// <summary>Serves what becomes of what was served; a second later where nothing else is said.</summary>
    internal void Publish(Func<ResourceSnapshot, ResourceSnapshot> change, TimeSpan? later = null)
    {
        foreach (var client in _sotw.Values.Distinct())
        {
            client.Publish(change(client.Snapshot));
        }

        foreach (var client in _delta.Values.Distinct())
        {
            client.Publish(change(client.Snapshot));
        }

        Later(later ?? TimeSpan.FromSeconds(1));
    }

    internal void Later(TimeSpan time)
    {
        foreach (var client in _sotw.Values.Distinct())
        {
            client.Now += time;
        }

        foreach (var client in _delta.Values.Distinct())
        {
            client.Now += time;
        }
    }

    /// <summary>When the stream of a type is to be looked at again.</summary>
    internal TimeSpan? WakeAt(ResourceType type) =>
        IsDelta ? _delta[type].Stream.WakeAt : _sotw[type].Stream.WakeAt;

    /// <summary>What follows the clusters that were told is told again, as the streams of one client pass it
    /// on.</summary>
    internal void FollowClusters()
    {
        var (clusters, endpoints) = (ResourceType.Cluster, ResourceType.Endpoints);
        if (IsDelta)
        {
            _delta[endpoints].Stream.Follow(_delta[clusters].Stream.TakeLeading().ToHashSet());
        }
        else
        {
            _sotw[endpoints].Stream.Follow(_sotw[clusters].Stream.TakeLeading().ToHashSet());
        }
    }

    internal TypeState State(ResourceType type) =>
        (IsDelta ? _delta[type].Stream.Types : _sotw[type].Stream.Types).Single(state => state.Type == type);

    private string[] Names(ResourceType type) => [.. _names[type]];
}
