using System.Globalization;

namespace Fairlead.Bench;

/// <summary>The list of benchmarks, and a run of some of them.</summary>
internal static class BenchRun
{
    /// <summary>Each area keeps its own list; add yours here. The cheap ones come first.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        .. StorageBenchmarks.All,
        .. CacheBenchmarks.All,
        .. VerifyBenchmarks.All,
        .. SealBenchmarks.All,
        .. CertificateBenchmarks.All,
        .. FanOutBenchmarks.All,
        .. WireBenchmarks.All,
        .. PeerLoadBenchmarks.All,
        .. SidecarBenchmarks.All,
        .. EndpointBenchmarks.All,
        .. SilentAnchorBenchmarks.All,
        .. SubscriptionBenchmarks.All,
        .. ResolveBenchmarks.All,
        .. ProxyBenchmarks.All,
    ];

    /// <summary>Runs the named ones, all without a name.</summary>
    /// <returns>The exit code: 0 done, missed budgets included; 1 a benchmark failed; 2 unknown name; 130 told to end.
    /// </returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> names,
        TextWriter output,
        TextWriter errors,
        string path,
        CancellationToken cancellationToken)
    {
        var unknown = names.Except(All.Select(b => b.Name)).ToArray();
        if (unknown.Length > 0)
        {
            var all = string.Join(", ", All.Select(b => b.Name));
            await errors.WriteLineAsync($"unknown benchmark {unknown[0]}; there are: {all}");
            return 2;
        }

        var report = new BenchReport(output, Machine.Load);
        var failed = 0;
        foreach (var benchmark in All.Where(b => names.Count == 0 || names.Contains(b.Name)))
        {
            try
            {
                var before = Machine.Load();
                var rows = await benchmark.Run(cancellationToken);
                foreach (var row in rows)
                {
                    report.Add(row);
                }

                await output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"    ({benchmark.Name}: load {before:0.0} before, {Machine.Load():0.0} after)"));
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                await errors.WriteLineAsync($"told to end in {benchmark.Name}");
                return 130;
            }
            catch (Exception exception)
            {
                failed++;
                await errors.WriteLineAsync($"{benchmark.Name} failed: {exception}");
            }
        }

        report.Write(path);
        await output.WriteLineAsync(
            $"bench: {report.Missed} over budget, {report.Skipped} skipped, {failed} failed; rows in {path}");
        return failed > 0 ? 1 : 0;
    }
}
