using System.Globalization;
using Fairlead.Naming.Traversal;

namespace Fairlead.Bench;

/// <summary>What the one verifier costs over the arithmetic that nobody can save.</summary>
internal static class VerifyBenchmarks
{
    private const int Answers = 40;
    private const int Repetitions = 9;
    private const int Checks = 36; // of three chains of one epoch, three seals and three attests
    private const double RatioMost = 1.25;
    private const double WarmMicroseconds = 4e6;

    public static IReadOnlyList<Benchmark> All { get; } = [new("verify", _ => Task.FromResult(Run()))];

    private static IReadOnlyList<BenchRow> Run()
    {
        var prepared = new PreparedAnswers(Answers);
        var signatures = prepared.Signed.Sum(parts => parts.Signatures);
        var hashes = prepared.Signed.Sum(parts => parts.Hashes);
        WarmUp(prepared);
        var (ratios, times, again) = (new List<double>(), new List<double>(), new List<double>());
        var chains = new List<double>();
        var remembered = 0;
        var allocated = 0L;
        for (var i = 0; i < Repetitions; i++)
        {
            // Side by side, so that both halves of a ratio meet the same machine.
            var cache = new VerifiedCache();
            var raw = Raw(prepared);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var fresh = Once(prepared, cache);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            remembered = cache.Count;
            again.Add(Once(prepared, cache) / raw);
            times.Add(fresh / Answers);
            ratios.Add(fresh / raw);
            chains.Add(Chains(prepared) / raw);
        }

        var ratio = new Repeated(ratios);
        var counts = string.Create(
            CultureInfo.InvariantCulture,
            $"{signatures / Answers} P-256 and {hashes / Answers} SHA-256 an answer; {ratio.Spread}");
        return
        [
            new("verify: fresh 3-hop answer, warm, over the raw arithmetic", ratio.Median, "x", RatioMost)
            {
                Note = counts,
            },
            new("verify: signatures verified more than once", signatures - remembered, "", 0)
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture, $"{remembered} verified of {signatures} in {Answers} answers"),
            },
            new("verify: the same answers again, over the raw arithmetic", new Repeated(again).Median, "x"),
            ChainsRow(chains, signatures),
            new("verify: fresh 3-hop answer, CPU", new Repeated(times).Median, "us"),
            new("verify: fresh 3-hop answer, allocated", (double)allocated / Answers, "B"),
        ];
    }

    private static BenchRow ChainsRow(List<double> ratios, int signatures)
    {
        // The raw arithmetic is that of answers without chains.
        var ratio = new Repeated(ratios).Median * signatures / (Checks * Answers);
        return new("verify: 3-hop answer with its chains, over its bare checks", ratio, "x")
        {
            Note = $"{Checks} P-256 an answer; the trust root alone is held",
        };
    }

    // Long enough for the runtime to compile what is hot a second time: a sidecar verifies for weeks.
    private static void WarmUp(PreparedAnswers prepared)
    {
        var start = Machine.ThreadMicroseconds();
        while (Machine.ThreadMicroseconds() - start < WarmMicroseconds)
        {
            Once(prepared, new VerifiedCache());
            Raw(prepared);
        }
    }

    // CPU microseconds for all answers.
    private static double Once(PreparedAnswers prepared, VerifiedCache cache)
    {
        var start = Machine.ThreadMicroseconds();
        foreach (var answer in prepared.Answers)
        {
            PreparedAnswers.Accepted(
                AnswerVerifier.Verify(prepared.State, prepared.Query, answer, prepared.Now, null, cache));
        }

        return Machine.ThreadMicroseconds() - start;
    }

    // As often as there are answers: somebody who holds the trust root alone.
    private static double Chains(PreparedAnswers prepared)
    {
        var start = Machine.ThreadMicroseconds();
        for (var i = 0; i < Answers; i++)
        {
            PreparedAnswers.Accepted(AnswerVerifier.Verify(
                prepared.First.Root, prepared.Query, prepared.First.Answer, prepared.Now, null, new VerifiedCache()));
        }

        return Machine.ThreadMicroseconds() - start;
    }

    private static double Raw(PreparedAnswers prepared)
    {
        var start = Machine.ThreadMicroseconds();
        foreach (var parts in prepared.Signed)
        {
            parts.Compute();
        }

        return Machine.ThreadMicroseconds() - start;
    }
}
