using System.Diagnostics;
using System.Globalization;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hosting;

/// <summary>The real program, started by the folder of one anchor of a segment whose other anchors do not
/// run.</summary>
internal sealed class AnchorProcess : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly AnchorCluster _cluster = new("us1.internal", 200);

    private AnchorProcess()
    {
    }

    /// <summary>The folder of keys and configuration.</summary>
    internal string Folder { get; private set; } = "";

    internal string Configuration => Path.Combine(Folder, "anchor.yaml");

    internal string Data => _cluster.DataOf(0);

    internal string SegmentFile { get; private set; } = "";

    internal string Listen => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_cluster.Ports[0]}");

    /// <summary>A good configuration with its keys and segment file.</summary>
    internal static async Task<AnchorProcess> PrepareAsync()
    {
        var process = new AnchorProcess();
        process._cluster.WriteFiles();
        var options = await process._cluster.PrepareAsync(0);
        process.Folder = Path.GetDirectoryName(options.SealKey)!;
        process.SegmentFile = options.SegmentFile;
        await File.WriteAllTextAsync(process.Configuration, $"""
            id: {options.Id}
            segment: {options.SegmentFile}
            keys:
              gov: gov.pem
              seal: seal.pem
              tls: tls.pem
            data: data
            listen: {process.Listen}
            admin: 127.0.0.1:0
            metrics: 127.0.0.1:0
            """);
        return process;
    }

    /// <summary>Replaces a text of the configuration.</summary>
    internal void Change(string from, string to)
    {
        var text = File.ReadAllText(Configuration);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(Configuration, text.Replace(from, to, StringComparison.Ordinal));
    }

    internal ChildProcess Start(params string[] arguments) =>
        ChildProcess.Start(Path.Combine(AppContext.BaseDirectory, "Fairlead.Anchor"), arguments);

    internal ChildProcess Start() => Start("--config", Configuration);

    /// <summary>Sends SIGTERM, as a supervisor does.</summary>
    internal static void Terminate(ChildProcess process)
    {
        using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
