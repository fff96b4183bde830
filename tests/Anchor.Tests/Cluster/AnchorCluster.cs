using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;
using Fairlead.Store;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Real anchors of one segment in this process, four of them unless the test wants fewer, over real sockets,
/// each with its own folder.</summary>
internal sealed class AnchorCluster : IAsyncDisposable
{
    private readonly AnchorHost?[] _hosts;
    private readonly int _firstKey;
    private readonly IReadOnlyList<(PublicKey Key, Subject Subject)> _subjects;
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-anchors-").FullName;

    internal AnchorCluster(
        string name,
        int firstKey,
        IReadOnlyList<(PublicKey Key, Subject Subject)>? subjects = null,
        int attest = 1,
        int anchors = 4,
        Func<Epoch, Epoch>? genesis = null,
        IReadOnlyList<ParsedLeaf>? leaves = null,
        int older = 0)
    {
        _subjects = subjects ?? [];
        _hosts = new AnchorHost?[anchors];
        _firstKey = firstKey;
        Ports = LoopbackPorts.Take(anchors);
        Segment = new TestSegment(new TestSegmentOptions
        {
            Name = name,
            FirstKey = firstKey,
            Attest = attest,
            Anchors = anchors,
            Faults = (anchors - 1) / 3,
            Leaves = leaves ?? [],
            Issued = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 60_000 - (1000 * older),
            Genesis = epoch =>
            {
                var placed = epoch with
                {
                    Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Endpoints = [At(Ports[i])] })],
                };
                return genesis?.Invoke(placed) ?? placed;
            },
        });
    }

    internal TestSegment Segment { get; }

    /// <summary>Stands between the anchors and whoever asks them.</summary>
    internal Func<ServerServiceDefinition, ServerServiceDefinition>? Decorate { get; init; }

    /// <summary>The same for one of them, by its index.</summary>
    internal Func<int, ServerServiceDefinition, ServerServiceDefinition>? DecorateOne { get; init; }

    /// <summary>Where the anchors log.</summary>
    internal ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Bytes of a journal from which on it is rotated.</summary>
    internal long JournalBytes { get; set; } = 256 * 1_048_576;

    /// <summary>What stands before the archive's store.</summary>
    internal Func<IStore, IStore> ArchiveAs { get; init; } = static store => store;

    /// <summary>How pods prove themselves besides keys on file.</summary>
    internal IdentityOptions Identities { get; init; } = IdentityOptions.None;

    /// <summary>How often one asker may ask.</summary>
    internal RateOptions Rates { get; init; } = RateOptions.Default;

    internal IReadOnlyList<int> Ports { get; }

    internal AnchorHost this[int index] => _hosts[index]!;

    internal IEnumerable<AnchorHost> Running => _hosts.OfType<AnchorHost>();

    /// <summary>Writes what the ceremony writes, once the epochs are complete.</summary>
    internal void WriteFiles() => ToFile().Write(Path.Combine(_folder, "segment.json"));

    /// <summary>The chain with all that goes with it.</summary>
    internal SegmentFile ToFile() => new(
        Segment.Name,
        Segment.Genesis,
        [.. Segment.Chain],
        [.. Segment.Manifests.Select(manifest => manifest?.Payload ?? default)],
        [.. Enumerable.Range(0, Segment.Epochs.Count)
            .Select(i => Leaves(i).Select(leaf => (leaf.Class, leaf.Payload)).ToImmutableArray())],
        [.. Enumerable.Range(0, Segment.Epochs.Count - 1).Select(HandOver)]);

    // Nothing is sealed before the newest epoch: each one before it ends with its op-made leaves.
    private Envelope HandOver(int epoch)
    {
        var tree = SparseTree.Empty;
        foreach (var leaf in Enumerable.Range(0, epoch + 1).SelectMany(Leaves))
        {
            tree = tree.Put(
                Hashes.TreeKey(Segment.Genesis, Segment.Epochs[epoch].Value.Salt, leaf.Class, leaf.Name),
                leaf.Commitment);
        }

        return Segment.Certify(Segment.Handover(epoch, tree.Root, tree.Count));
    }

    internal async Task StartAsync(int index)
    {
        var options = await PrepareAsync(index);
        _hosts[index] = await AnchorHost.StartAsync(
            options, TimeProvider.System, Loggers,
            DecorateOne is null ? Decorate : service => DecorateOne(index, service),
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
                await File.WriteAllTextAsync(path, KeyPem.Format(TestKeys.Ecdsa(_firstKey + (3 * index) + number)));
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
            Rates = Rates,
            UnsafeAllowLoopbackEndpoints = true,
            ArchiveAs = ArchiveAs,
        };
    }

    /// <summary>Starts an anchor as the real program, which a test can kill at any moment.</summary>
    internal async Task<ChildProcess> StartProcessAsync(int index)
    {
        var options = await PrepareAsync(index);
        var configuration = Path.Combine(Path.GetDirectoryName(options.SealKey)!, "anchor.yaml");
        await File.WriteAllTextAsync(configuration, $"""
            id: {options.Id}
            segment: {options.SegmentFile}
            keys:
              gov: gov.pem
              seal: seal.pem
              tls: tls.pem
            data: data
            listen: {options.Listen}
            admin: 127.0.0.1:0
            metrics: 127.0.0.1:0
            unsafe_allow_loopback_endpoints: true
            subjects: [{string.Join(", ", _subjects.Select(one =>
                $"{"{"}key: '{one.Key}', namespace: {one.Subject.Namespace}, account: {one.Subject.Account}{"}"}"))}]
            """);
        var process = ChildProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "Fairlead.Anchor"), ["--config", configuration]);
        Assert.Equal(
            "ready", await process.ReadLineAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        return process;
    }

    /// <summary>Starts all anchors; each holds a seal then, and answers.</summary>
    internal async Task StartAllAsync()
    {
        WriteFiles();
        await Task.WhenAll(Enumerable.Range(0, _hosts.Length).Select(StartAsync));
        await Eventually.HoldsAsync(
            () => Task.FromResult(Running.All(host => host.Views.Current is not null)),
            isSealed => isSealed, TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
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

    private IEnumerable<ParsedLeaf> Leaves(int epoch) =>
        Segment.Leaves.Where(leaf => leaf.Document is OpMadeLeaf made && made.Made == epoch);

    private static IpEndpoint At(int port) =>
        IpEndpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
}
