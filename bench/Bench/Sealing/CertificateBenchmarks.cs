using System.Diagnostics;
using System.Globalization;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Bench;

/// <summary>From a signed record to its certificate at all four anchors, with every journal entry durable.</summary>
internal static class CertificateBenchmarks
{
    private const string Name = "checkout.shop.svc";
    private const int Warm = 300;
    private const int Count = 100;
    private const int Repetitions = 5;
    private const int Publishing = 2; // F + 1
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static IReadOnlyList<Benchmark> All { get; } = [new("certificate", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var anchors = await AnchorQuartet.StartAsync(cancellationToken);
        using var signer = KeyFile.LoadSigner(Path.Combine(anchors.Folder, "publisher.pem"));
        using var key = KeyFile.Load(Path.Combine(anchors.Folder, "publisher.pem"));
        using var identity = new TlsIdentity(key, TimeProvider.System);

        // The two behind the first leader, so that gossip is part of it.
        var clients = anchors.Endpoints.Skip(1).Take(Publishing)
            .Select(endpoint => new AnchorClient(endpoint, identity, TimeProvider.System)).ToList();
        try
        {
            await SeriesAsync(anchors, clients, signer, Warm, cancellationToken);
            var series = new List<(Latencies Latencies, double Cpu)>();
            for (var i = 0; i < Repetitions; i++)
            {
                series.Add(await SeriesAsync(anchors, clients, signer, Count, cancellationToken));
            }

            return [.. Rows(series)];
        }
        finally
        {
            await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        }
    }

    private static IEnumerable<BenchRow> Rows(List<(Latencies Latencies, double Cpu)> series)
    {
        const string name = "certificate: record signed -> certified at 4 anchors";
        var half = new Repeated(series.Select(one => one.Latencies.Milliseconds(50)));
        var most = new Repeated(series.Select(one => one.Latencies.Milliseconds(99)));
        var cpu = new Repeated(series.Select(one => one.Cpu));
        var note = string.Create(CultureInfo.InvariantCulture, $"{half.Spread}; {DiskProbe.Describe()}");
        yield return new(name + " p50", half.Median, "ms", 5) { Note = note };
        yield return new(name + " p99", most.Median, "ms", 12) { Note = most.Spread };
        yield return new("certificate: CPU of four anchors and a publisher for one change", cpu.Median, "ms")
        {
            Note = cpu.Spread,
        };
    }

    // Latencies, and the CPU milliseconds of this process for one change.
    private static async Task<(Latencies Latencies, double Cpu)> SeriesAsync(
        AnchorQuartet anchors,
        List<AnchorClient> clients,
        EcdsaSigner signer,
        int count,
        CancellationToken cancellationToken)
    {
        var latencies = new Latencies(count);
        var cpu = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < count; i++)
        {
            latencies.Add(await ChangeAsync(anchors, clients, signer, i, cancellationToken));
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        return (latencies, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / count);
    }

    private static async Task<TimeSpan> ChangeAsync(
        AnchorQuartet anchors,
        List<AnchorClient> clients,
        EcdsaSigner signer,
        int number,
        CancellationToken cancellationToken)
    {
        var slice = TestLeaves.Slice(Name, 18080, "127.0.2.1", $"127.0.3.{1 + (number % 250)}");
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var record = Document.Make(RecordOf(signer.Key, slice, now));
        var document = Envelope.Sign(record, signer);
        var start = Stopwatch.GetTimestamp();
        var certified = anchors.CertifiedEverywhere(Name, now);
        var request = new PublishRequest
        {
            Genesis = WireWriter.ToBytes(anchors.Genesis),
            Entries =
            {
                new Entry
                {
                    Type = "record",
                    Document = WireWriter.ToMessage(document),
                    Slices = { UnsafeByteOperations.UnsafeWrap(slice.Payload) },
                },
            },
        };
        var calls = clients.ConvertAll(client => DrainAsync(client, request, cancellationToken));
        var end = await certified.WaitAsync(Patience, cancellationToken);
        await Task.WhenAll(calls).WaitAsync(Patience, cancellationToken);
        return Stopwatch.GetElapsedTime(start, end);
    }

    private static Record RecordOf(PublicKey publisher, Parsed<Slice> slice, long now) => new()
    {
        Expires = now + 3_600_000,
        Issued = now,
        Kind = RecordKind.Service,
        Name = ServicePart.Parse(Name),
        Opening = TestSegment.Bytes16(string.Create(CultureInfo.InvariantCulture, $"record {now}")),
        Ports = [new Port { Name = "http", Number = 80, Protocol = PortProtocol.Http }],
        Publisher = publisher.Kid,
        Slices = [new SliceReference { Count = slice.Value.Endpoints.Length, Digest = slice.Digest }],
        TtlMax = 60_000,
        Uid = TestSegment.Bytes16("uid " + Name),
        Version = now,
    };

    private static async Task DrainAsync(
        AnchorClient client, PublishRequest request, CancellationToken cancellationToken)
    {
        using var call = client.Publish(request, cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            if (call.ResponseStream.Current.KindCase == PublishEvent.KindOneofCase.Refused)
            {
                throw new InvalidOperationException($"a good record is refused: {call.ResponseStream.Current}");
            }
        }
    }
}
