namespace Fairlead.Xds;

/// <summary>A response that awaits its acknowledgement.</summary>
internal sealed record SentResponse(string Nonce, string Version, IReadOnlyList<Resource> Resources, TimeSpan At)
{
    /// <summary>What was sent before of its resources, each of another name.</summary>
    public IReadOnlyList<Resource> Replaced { get; set; } = [];

    /// <summary>What it called removed, of a delta stream.</summary>
    public IReadOnlyList<string> Removed { get; init; } = [];
}
