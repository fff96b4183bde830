using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench;

/// <summary>One changed assignment of 100 endpoints to 1,000 streams over unix sockets, by the state of the world and
/// by delta, and what such a stream costs while nothing happens.</summary>
internal static class FanOutBenchmarks
{
    private const int Streams = 1_000;
    private const int StreamsPerConnection = 100;
    private const int Warm = 5;
    private const int Rounds = 100;
    private const double KilobytesMost = 20;

    // The servers' pools of buffers give back what a burst took from them when they were not needed for some seconds.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<Benchmark> All { get; } = [new("fan-out", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        await using var server = await XdsServer.StartAsync(cancellationToken);
        List<BenchRow> rows = [];
        await using (var warm = await server.ConnectAsync(200, 20, cancellationToken))
        {
            // As often as below: the code that the runtime makes of this program by then is no part of a stream.
            for (var i = 1; i <= Warm + Rounds; i++)
            {
                await server.PublishAsync(i, 200, cancellationToken);
            }
        }

        var (anonymous, managed) = await SettledAsync(cancellationToken);
        const int connections = Streams / StreamsPerConnection;
        await using (var clients = await server.ConnectAsync(Streams, connections, cancellationToken))
        {
            rows.AddRange(await FanOutAsync(server, XdsClients.Sotw, cancellationToken));
            rows.Add(await MemoryAsync(
                $"{StreamsPerConnection} to a connection", anonymous, managed, KilobytesMost, cancellationToken));
        }

        (anonymous, managed) = await SettledAsync(cancellationToken);
        await using (var clients = await server.ConnectAsync(Streams, Streams, cancellationToken))
        {
            rows.Add(await MemoryAsync("a connection each", anonymous, managed, null, cancellationToken));
        }

        // What the process was given for the others it still has: of these the row of xds tells the memory.
        await using (var clients = await server.ConnectAsync(
            Streams, connections, cancellationToken, XdsClients.Delta))
        {
            rows.AddRange(await FanOutAsync(server, XdsClients.Delta, cancellationToken));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<BenchRow>> FanOutAsync(
        XdsServer server, string variant, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Warm; i++)
        {
            await server.PublishAsync(2 + i, Streams, cancellationToken);
        }

        using var self = Process.GetCurrentProcess();
        var (times, bytes, distinct) = (new Latencies(Rounds), new List<double>(), 0);
        var cpu = self.TotalProcessorTime;
        for (var i = 0; i < Rounds; i++)
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            await times.MeasureAsync(() => server.PublishAsync(2 + Warm + i, Streams, cancellationToken));
            bytes.Add((GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)Streams);
            distinct = Math.Max(distinct, server.DistinctResources);
        }

        self.Refresh();
        var seconds = (self.TotalProcessorTime - cpu).TotalSeconds;
        return
        [
            new(
                $"fan-out {variant}: updates delivered and acknowledged, 1,000 streams",
                Streams / times.Milliseconds(50) * 1_000, "1/s")
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture, $"{Streams * Rounds / seconds:0} a CPU second"),
            },
            .. times.Rows($"fan-out {variant}: change to the last ACK of 1,000 streams"),
            new($"fan-out {variant}: allocated for one update of one stream", new Repeated(bytes).Median, "B")
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"the resource itself is {server.ResourceBytes} B"),
            },
            new($"fan-out {variant}: serialized resources for one change of 1,000 streams", distinct, "", 1)
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture, $"distinct objects in {Streams} ACKs, most of {Rounds} rounds"),
            },
        ];
    }

    private static async Task<BenchRow> MemoryAsync(
        string how, double anonymous, double managed, double? most, CancellationToken cancellationToken)
    {
        var (now, heap) = await SettledAsync(cancellationToken);
        return new($"fan-out: memory of an idle stream, {how}", (now - anonymous) / Streams, "kB", most)
        {
            Note = string.Create(
                CultureInfo.InvariantCulture, $"anonymous; managed {(heap - managed) / Streams:0.0} kB; of {Streams}"),
        };
    }

    // Anonymous memory and managed heap in kB, when what is dead was given back.
    private static async Task<(double Anonymous, double Managed)> SettledAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        var managed = GC.GetTotalMemory(forceFullCollection: true) / 1_024.0;
        return (Machine.StatusKilobytes(Environment.ProcessId, "RssAnon"), managed);
    }
}
