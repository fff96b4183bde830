using System.Diagnostics;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Bench;

/// <summary>
/// Four anchors of one segment, founded by the real ceremony, each with its own keys, journal and store on the disk,
/// that talk over real sockets. They share this process, so that one clock sees when each holds a certificate. Used
/// by one caller at a time.
/// </summary>
internal sealed class AnchorQuartet : IAsyncDisposable
{
    private const int Anchors = 4;
    private const string Label = "us1";

    private readonly ScratchFolder _folder = new();
    private readonly List<AnchorHost> _hosts = [];
    private readonly Lock _gate = new();
    private readonly HashSet<int> _waiting = [];
    private TaskCompletionSource<long> _reached = new();
    private LeafName _name = new(LeafClass.Record, "");
    private long _version = long.MaxValue;

    private AnchorQuartet()
    {
    }

    public string Folder => Path.Combine(_folder.Path, Label);

    /// <summary>Where the anchors listen.</summary>
    public IReadOnlyList<IpEndpoint> Endpoints { get; private set; } = [];

    public Digest Genesis => _hosts[0].Views.Current!.Genesis;

    public static async Task<AnchorQuartet> StartAsync(CancellationToken cancellationToken)
    {
        var quartet = new AnchorQuartet();
        try
        {
            await quartet.FoundAsync(cancellationToken);
            await quartet.RunAsync(cancellationToken);
            return quartet;
        }
        catch
        {
            await quartet.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Ends with the moment at which the last anchor holds a certificate over this version of the record or a later
    /// one. To be called before it is published.
    /// </summary>
    public Task<long> CertifiedEverywhere(string record, long version)
    {
        lock (_gate)
        {
            _reached = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            (_name, _version) = (new LeafName(LeafClass.Record, record), version);
            _waiting.UnionWith(Enumerable.Range(0, Anchors));
            return _reached.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_hosts.Select(host => host.DisposeAsync().AsTask()));
        _folder.Dispose();
    }

    // A segment seals from epoch 1 on, so it needs a neighbour; nobody runs that one.
    private async Task FoundAsync(CancellationToken cancellationToken)
    {
        var ports = ChildRun.FreePorts(4 * Anchors);
        foreach (var (label, at) in new[] { (Label, 0), ("eu1", 2 * Anchors) })
        {
            await ChildRun.FairleadAsync(
                [
                    "segment", "init", "--name", label + ".internal", "--out", Path.Combine(_folder.Path, label),
                    "--policy", "demo", "--listen", Addresses(ports.Skip(at).Take(Anchors)),
                    "--admin-listen", Addresses(ports.Skip(at + Anchors).Take(Anchors)),
                    "--host", "bench-host", "--admins", "admin-a,admin-b,admin-c,admin-d",
                    "--unsafe-allow-loopback-endpoints",
                ],
                cancellationToken);
        }

        await ChildRun.FairleadAsync(
            ["segment", "peer", "--segment", Folder, "--with", Path.Combine(_folder.Path, "eu1", "peer.json")],
            cancellationToken);
        Endpoints = [.. ports.Take(Anchors).Select(port => IpEndpoint.Parse($"127.0.0.1:{port}"))];
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < Anchors; i++)
        {
            var file = Path.Combine(Folder, "anchors", $"{Label}-{(char)('a' + i)}", "anchor.yaml");
            var options = AnchorOptions.Load(file, new Dictionary<string, string>());
            var host = await AnchorHost.StartAsync(
                options, TimeProvider.System, NullLoggerFactory.Instance, null, cancellationToken);
            _hosts.Add(host);
            var index = i;
            host.Views.Swapped += view => Note(index, view);
        }

        var first = Stopwatch.StartNew();
        while (_hosts.Any(host => host.Views.Current is null))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
            if (first.Elapsed > TimeSpan.FromSeconds(60))
            {
                throw new TimeoutException("the anchors certified no first seal");
            }
        }
    }

    private void Note(int anchor, SegmentView view)
    {
        lock (_gate)
        {
            if (_waiting.Contains(anchor) && view.Entry(_name) is { } entry && entry.Version >= _version
                && _waiting.Remove(anchor) && _waiting.Count == 0)
            {
                _reached.TrySetResult(Stopwatch.GetTimestamp());
            }
        }
    }

    private static string Addresses(IEnumerable<int> ports) =>
        string.Join(',', ports.Select(port => $"127.0.0.1:{port}"));
}
