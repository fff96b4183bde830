using System.Globalization;
using Fairlead.Resolver.State;

namespace Fairlead.Bench;

/// <summary>What the disk asks for one durable write, taken right beside a latency that contains some.</summary>
internal static class DiskProbe
{
    private const int Count = 200;
    private const int Bytes = 600;

    /// <summary><c>fdatasync p50/p99 0.2/0.5 ms</c>.</summary>
    public static string Describe()
    {
        using var folder = new ScratchFolder();
        using var file = File.OpenHandle(folder.File("sync"), FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.Write(file, new byte[Count * Bytes * 2], 0);
        RandomAccess.FlushToDisk(file);
        var block = new byte[Bytes];
        var latencies = new Latencies(Count);
        for (var i = 0; i < Count; i++)
        {
            latencies.Measure(() =>
            {
                RandomAccess.Write(file, block, i * Bytes);
                DiskSync.SyncData(file);
            });
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"fdatasync p50/p99 {latencies.Milliseconds(50):0.##}/{latencies.Milliseconds(99):0.##} ms");
    }
}
