using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>One segment of the demo: its folder as the ceremony left it, and its running processes.</summary>
internal sealed class DemoSegment(
    SegmentSketch sketch, string folder, string manifests, IReadOnlyList<int> ports, IReadOnlyList<int> adminPorts,
    int controllerPort)
{
    /// <summary>What the plan says of it.</summary>
    internal SegmentSketch Sketch { get; } = sketch;

    /// <summary>The segment's full name.</summary>
    internal string Name => Sketch.Name;

    /// <summary>What the ceremony wrote.</summary>
    internal string Folder { get; } = folder;

    /// <summary>The folder that its controller watches.</summary>
    internal string Manifests { get; } = manifests;

    /// <summary>The anchors' ids, in the order of their ports.</summary>
    internal IReadOnlyList<string> AnchorIds { get; } =
    [
        .. Enumerable.Range(0, ports.Count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{sketch.Name.Split('.')[0]}-{(char)('a' + i)}")),
    ];

    /// <summary>The anchors' addresses, <c>ip:port</c>.</summary>
    internal IReadOnlyList<string> Addresses { get; } =
        [.. ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"))];

    /// <summary>The anchors' admin addresses.</summary>
    internal IReadOnlyList<string> AdminAddresses { get; } =
        [.. adminPorts.Select(port => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"))];

    /// <summary>The controller's admin address.</summary>
    internal string ControllerAdmin { get; } =
        string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{controllerPort}");

    /// <summary>The file that its ceremony hands to a neighbour.</summary>
    internal string PeerFile => Path.Combine(Folder, "peer.json");

    /// <summary>The running anchors, by their index; null where one was stopped.</summary>
    internal ManagedProcess?[] Anchors { get; } = new ManagedProcess?[ports.Count];

    /// <summary>The segment's controller.</summary>
    internal ManagedProcess? Controller { get; set; }

    /// <summary>The folder of one anchor.</summary>
    internal string AnchorFolder(int index) => Path.Combine(Folder, "anchors", AnchorIds[index]);

    /// <summary>The configuration of one anchor.</summary>
    internal string AnchorConfiguration(int index) => Path.Combine(AnchorFolder(index), "anchor.yaml");
}
