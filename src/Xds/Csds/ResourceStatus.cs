namespace Fairlead.Xds.Csds;

/// <summary>How a client stands to one resource.</summary>
internal enum ResourceState
{
    /// <summary>It asked for it and was not sent it.</summary>
    NotSent,

    /// <summary>It was sent it and has said nothing to it.</summary>
    Waiting,

    /// <summary>It took it.</summary>
    Taken,

    /// <summary>It refused the response that brought it, or cannot be sent it as it is now.</summary>
    Refused,
}

/// <summary>One resource of one stream. Immutable.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">How the client stands to it.</param>
/// <param name="Resource">What was sent, or, where that was refused, what the client took before; null for
/// nothing.</param>
/// <param name="Refused">The client's words, where it refused it; the server's, where it holds it back.</param>
internal sealed record ResourceStatus(
    ResourceType Type, string Name, ResourceState State, Resource? Resource, Refused? Refused)
{
    /// <summary>The version of what it refused, or of what is held back: another than that of <see cref="Resource"/>,
    /// unless it refused a response for another resource of it. Empty where nothing is refused.</summary>
    public string RefusedVersion { get; init; } = "";
}

/// <summary>One stream, and its resources where somebody wants to know them. Immutable.</summary>
/// <param name="Node">Who the client says it is.</param>
/// <param name="StartedAt">When the stream began.</param>
/// <param name="Resources">The resources as they are when it is called, by type and name.</param>
internal sealed record StreamResources(
    ClientNode Node, DateTimeOffset StartedAt, Func<IReadOnlyList<ResourceStatus>> Resources);
