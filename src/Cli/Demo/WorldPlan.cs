namespace Fairlead.Cli.Demo;

/// <summary>The segments of a demo's world, and what its pod uses. Immutable.</summary>
internal sealed record WorldPlan
{
    /// <summary>The pod's segment, the one whose services it uses most, and the others; parents in any place.</summary>
    internal required IReadOnlyList<SegmentSketch> Segments { get; init; }

    /// <summary>Segments that are peers of one another, by name.</summary>
    internal IReadOnlyList<(string One, string Two)> Peers { get; init; } = [];

    /// <summary>The policy of all: a word of <c>segment init --policy</c>.</summary>
    internal required string Policy { get; init; }

    /// <summary>The names that the sidecar imports.</summary>
    internal required IReadOnlyList<string> Imports { get; init; }

    /// <summary>Two segments that are peers, and no parent.</summary>
    internal static WorldPlan TwoPeers { get; } = new()
    {
        Segments =
        [
            new() { Name = DemoWorld.HomeName, Samples = ["shop/eu1.internal"], HasPod = true },
            new() { Name = DemoWorld.PeerName, Samples = ["shop/us1.internal"] },
        ],
        Peers = [(DemoWorld.HomeName, DemoWorld.PeerName)],
        Policy = "demo",
        Imports = [DemoWorld.Checkout, DemoWorld.Catalog, DemoWorld.Cart],
    };
}
