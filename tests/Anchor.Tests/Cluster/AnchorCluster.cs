using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Four real anchors of one segment in this process, over real sockets, each with its own folder.</summary>
internal sealed class AnchorCluster : IAsyncDisposable
{
    private readonly AnchorHost?[] _hosts = new AnchorHost?[4];
    private readonly IReadOnlyList<(PublicKey Key, Subject Subject)> _subjects;
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-anchors-").FullName;

    internal AnchorCluster(
        string name, int firstKey, IReadOnlyList<(PublicKey Key, Subject Subject)>? subjects = null, int attest = 1)
    {
        _subjects = subjects ?? [];
        Ports = FreePorts(4);
        Segment = new TestSegment(new TestSegmentOptions
        {
            Name = name,
            FirstKey = firstKey,
            Attest = attest,
            Issued = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 60_000,
            Genesis = epoch =>
                epoch with { Anchors =
                    [.. epoch.Anchors.Select((anchor, i) => anchor with { Endpoints = [At(Ports[i])] })] },
        });
    }

    internal TestSegment Segment { get; }

    /// <summary>Bytes of a journal from which on it is rotated.</summary>
    internal long JournalBytes { get; init; } = 256 * 1_048_576;

    /// <summary>How pods prove themselves besides keys on file.</summary>
    internal IdentityOptions Identities { get; init; } = IdentityOptions.None;

    /// <summary>What stands around the anchors' service.</summary>
    internal ServerInterceptor? Interceptor { get; init; }

    internal IReadOnlyList<int> Ports { get; }

    internal AnchorHost this[int index] => _hosts[index]!;

    internal IEnumerable<AnchorHost> Running => _hosts.OfType<AnchorHost>();

    /// <summary>Writes what the ceremony writes, once the epochs are complete.</summary>
    internal void WriteFiles()
    {
        var tree = SparseTree.Empty;
        foreach (var leaf in Leaves(0))
        {
            tree = tree.Put(
                Hashes.TreeKey(Segment.Genesis, Segment.Epochs[0].Value.Salt, leaf.Class, leaf.Name), leaf.Commitment);
        }

        var file = new SegmentFile(
            Segment.Name,
            Segment.Genesis,
            [.. Segment.Chain],
            [.. Segment.Manifests.Select(manifest => manifest?.Payload ?? default)],
            [.. Enumerable.Range(0, Segment.Epochs.Count)
                .Select(i => Leaves(i).Select(leaf => (leaf.Class, leaf.Payload)).ToImmutableArray())],
            Segment.Epochs.Count == 1 ? [] : [Segment.Certify(Segment.Handover(0, tree.Root, tree.Count))]);
        file.Write(Path.Combine(_folder, "segment.json"));
    }

    internal async Task StartAsync(int index)
    {
        var options = await PrepareAsync(index);
        _hosts[index] = await AnchorHost.StartAsync(
            options, TimeProvider.System, NullLoggerFactory.Instance,
            Interceptor is { } around ? service => service.Intercept(around) : null,
            TestContext.Current.CancellationToken);
    }

    /// <summary>Writes an anchor's keys, and says how it is configured.</summary>
    internal async Task<AnchorOptions> PrepareAsync(int index)
    {
        var data = Path.Combine(_folder, $"anchor-{index}");
        Directory.CreateDirectory(data);
        foreach (var (role, number) in new[] { ("gov", 0), ("seal", 1), ("tls", 2) })
        {
            var path = Path.Combine(data, role + ".pem");
            if (!File.Exists(path))
            {
                await File.WriteAllTextAsync(path, KeyPem.Format(TestKeys.Ecdsa(FirstKey + (3 * index) + number)));
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        return new AnchorOptions
        {
            Id = Segment.Newest.Value.Anchors[index].Id,
            SegmentFile = Path.Combine(_folder, "segment.json"),
            GovKey = Path.Combine(data, "gov.pem"),
            SealKey = Path.Combine(data, "seal.pem"),
            TlsKey = Path.Combine(data, "tls.pem"),
            Data = Path.Combine(data, "data"),
            Listen = new IPEndPoint(IPAddress.Loopback, Ports[index]),
            Admin = new IPEndPoint(IPAddress.Loopback, 0),
            JournalBytes = JournalBytes,
            Metrics = new IPEndPoint(IPAddress.Loopback, 0),
            Subjects = _subjects,
            Identities = Identities,
            UnsafeAllowLoopbackEndpoints = true,
        };
    }

    internal async Task StartAllAsync()
    {
        WriteFiles();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(StartAsync));
    }

    internal async Task StopAsync(int index)
    {
        var host = _hosts[index];
        _hosts[index] = null;
        await host!.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Running.Select(host => host.DisposeAsync().AsTask()));
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>An anchor's data folder.</summary>
    internal string DataOf(int index) => Path.Combine(_folder, $"anchor-{index}", "data");

    private int FirstKey => Segment.Name.Label == "eu1" ? 100 : 200;

    private IEnumerable<ParsedLeaf> Leaves(int epoch) =>
        Segment.Leaves.Where(leaf => leaf.Document is OpMadeLeaf made && made.Made == epoch);

    private static IpEndpoint At(int port) =>
        IpEndpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));

    private static List<int> FreePorts(int count)
    {
        var held = Enumerable.Range(0, count)
            .Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        held.ForEach(socket => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
        var ports = held.ConvertAll(socket => ((IPEndPoint)socket.LocalEndPoint!).Port);
        held.ForEach(socket => socket.Dispose());
        return ports;
    }
}
