using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Streams;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Functional;
using Fairlead.Xds.Tests.Sotw;

namespace Fairlead.Xds.Tests;

/// <summary>A client of any variant against streams in the same process: of endpoints and clusters, on one stream or on
/// one each. It keeps the list of names that a client of the state of the world repeats.</summary>
internal sealed class AnyClient
{
    private readonly Variant _variant;
    private readonly Dictionary<ResourceType, SotwClient> _sotw = [];
    private readonly Dictionary<ResourceType, DeltaClient> _delta = [];
    private readonly Dictionary<ResourceType, SortedSet<string>> _names = [];

    internal AnyClient(Variant variant, params Resource[] resources)
    {
        _variant = variant;
        var snapshot = Fixtures.Snapshot(resources);
        var (sotw, delta) = (new SotwClient(snapshot), new DeltaClient(snapshot));
        foreach (var type in ResourceType.All)
        {
            _sotw[type] = variant == Variant.SotwPerType ? new SotwClient(snapshot, only: type) : sotw;
            _delta[type] = variant == Variant.DeltaPerType ? new DeltaClient(snapshot, only: type) : delta;
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

    internal string[] Take(ResourceType type) => IsDelta ? _delta[type].Take() : _sotw[type].Take();

    internal string Nonce(ResourceType type) => IsDelta ? _delta[type].Last(type).Nonce : _sotw[type].Last(type).Nonce;

    internal void Publish(params Resource[] resources)
    {
        foreach (var client in _sotw.Values.Distinct())
        {
            client.Publish(resources);
            client.Now += TimeSpan.FromSeconds(1);
        }

        foreach (var client in _delta.Values.Distinct())
        {
            client.Publish(resources);
            client.Now += TimeSpan.FromSeconds(1);
        }
    }

    internal TypeState State(ResourceType type) =>
        (IsDelta ? _delta[type].Stream.Types : _sotw[type].Stream.Types).Single(state => state.Type == type);

    private string[] Names(ResourceType type) => [.. _names[type]];
}
