using System.Globalization;
using Fairlead.Naming.Traversal;
using Xunit;

namespace Fairlead.Bench.Tests;

/// <summary>That benchmarks measure what they say. How long things take is no test's matter.</summary>
public sealed class BenchRunTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_UnknownName_IsUsageAndNamesAll()
    {
        using var errors = new StringWriter(CultureInfo.InvariantCulture);
        Assert.Equal(2, await BenchRun.RunAsync(["nonsense"], TextWriter.Null, errors, "unused", Cancellation));
        var said = errors.ToString();
        Assert.All(BenchRun.All, benchmark => Assert.Contains(benchmark.Name, said, StringComparison.Ordinal));
    }

    [Fact]
    public void All_Names_AreDifferent() =>
        Assert.Equal(BenchRun.All.Count, BenchRun.All.Select(benchmark => benchmark.Name).Distinct().Count());

    [Fact]
    public void Cache_Hit_AllocatesNothing()
    {
        var rows = CacheBenchmarks.Run(hits: 10_000);
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.True(double.IsFinite(row.Value)));
        Assert.Equal((0, 0), (rows[1].Value, rows[1].Budget));
    }

    [Fact]
    public void PreparedAnswers_EachVerifiedOnce_AsManySignaturesAsTheRawHalfComputes()
    {
        const int count = 3;
        var prepared = new PreparedAnswers(count);
        var cache = new VerifiedCache();
        foreach (var answer in prepared.Answers)
        {
            var verdict = AnswerVerifier.Verify(prepared.State, prepared.Query, answer, prepared.Now, null, cache);
            Assert.Equal(3, PreparedAnswers.Accepted(verdict).Answer.Hops.Length);
        }

        Assert.Equal(prepared.Signed.Sum(parts => parts.Signatures), cache.Count);
        Assert.All(prepared.Signed, parts => parts.Compute());
    }

    [Fact]
    public void Seal_OneChange_IsCertifiedByFourEnginesAndCounted()
    {
        var measured = SealBenchmarks.Measure(300);
        Assert.True(measured.Follower.Median > 0 && measured.Follower.Median <= measured.Leader.Median);

        // The heap is the whole process's, in which other tests run: that it was looked at is all that can be said.
        Assert.True(double.IsFinite(measured.Memory));
    }

    [Fact]
    public void CpuQuota_Made_IsAGroupOrSaysWhyNot()
    {
        var (quota, reason) = CpuQuota.TryMake();
        using (quota)
        {
            Assert.True(quota is not null ^ reason.Length > 0, reason);
        }
    }

    [Theory]
    [InlineData(XdsClients.Sotw)]
    [InlineData(XdsClients.Delta)]
    public async Task FanOut_OneChange_ReachesEveryStreamAsOneObject(string variant)
    {
        await using var server = await XdsServer.StartAsync(Cancellation);
        await using var clients = await server.ConnectAsync(20, 2, Cancellation, variant);
        await server.PublishAsync(1, 20, Cancellation);
        await server.PublishAsync(2, 20, Cancellation);
        Assert.Equal(1, server.DistinctResources);
    }
}
