using Fairlead.Xds.Csds;

namespace Fairlead.Xds.Streams;

/// <summary>A stream of either variant, for operators. Thread-safe.</summary>
internal interface IStreamSession
{
    /// <summary>Its number.</summary>
    long Id { get; }

    /// <summary>Where its client comes from.</summary>
    string Peer { get; }

    /// <summary>Its one type; null for an aggregated one.</summary>
    ResourceType? Only { get; }

    /// <summary>Whether its first request has not come yet.</summary>
    bool IsSilent { get; }

    /// <summary>What operators see of it; null until its first request came.</summary>
    StreamStatus? Describe();

    /// <summary>Its resources one by one; null until its first request came.</summary>
    StreamResources? Resources();

    /// <summary>Hears that another stream sent clusters to a client of this node, be it of another view: what they need
    /// is sent again here, changed or not, where it is the same client. Does not block.</summary>
    void Follow(string node, IReadOnlySet<ResourceReference> needed);

    /// <summary>Hears that the client of this node took these endpoints or secrets on a stream of their own: routes may
    /// follow the clusters that were sent here. Does not block.</summary>
    void Warmed(string node, ResourceType type, IReadOnlyCollection<string> names);

    /// <summary>Hears that the client of this node no longer asks for these endpoints on any stream of their own: of
    /// the clusters that it was sent here it has lost those that have them. Does not block.</summary>
    void Recall(string node, IReadOnlyCollection<string> endpoints);

    /// <summary>Hears that the client of this node asks for these endpoints on a stream of their own. Does not
    /// block.</summary>
    void Found(string node, IReadOnlyCollection<string> endpoints);
}
