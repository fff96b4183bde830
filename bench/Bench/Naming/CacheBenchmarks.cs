using System.Globalization;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.TestKit.Answers;

namespace Fairlead.Bench;

/// <summary>A verified answer that is held already: what every request pays.</summary>
internal static class CacheBenchmarks
{
    private const int Names = 2_000;
    private const int Hits = 200_000;
    private const int Repetitions = 9;

    public static IReadOnlyList<Benchmark> All { get; } = [new("cache", _ => Task.FromResult(Run(Hits)))];

    /// <summary>The rows, with so many hits in each repetition.</summary>
    public static IReadOnlyList<BenchRow> Run(int hits)
    {
        var names = Enumerable.Range(0, Names)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"svc-{i:d4}.shop.svc.us1.internal")).ToArray();
        var cache = Filled(names);
        Hit(cache, names, hits);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Hit(cache, names, hits);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var time = Repeated.Of(Repetitions, () => Hit(cache, names, hits) / hits);
        return
        [
            new($"cache: verified hit of {Names} names, in process, CPU", time.Median, "us", 1) { Note = time.Spread },
            new("cache: verified hit, allocated", (double)allocated / hits, "B", 0)
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"{allocated} B in {hits} hits"),
            },
        ];
    }

    private static NameCache Filled(IReadOnlyList<string> names)
    {
        var world = new PeerWorld();
        var verdict = AnswerVerifier.Verify(world.State, world.Ask().Query, world.Answer(), world.Now);
        var answer = PreparedAnswers.Accepted(verdict).Answer;
        var cache = new NameCache(new NameCacheOptions { Anchors = 4 }, new Random(1));
        var now = new CacheTime(1_000_000, world.Now);
        foreach (var name in names)
        {
            var ask = cache.Step(new CacheInput.Want(name), now).OfType<CacheOutput.Ask>().Single();
            cache.Step(new CacheInput.Accepted(name, ask.Anchor, answer), now);
        }

        return cache;
    }

    private static double Hit(NameCache cache, string[] names, int hits)
    {
        var served = 0;
        var start = Machine.ThreadMicroseconds();
        for (var i = 0; i < hits; i++)
        {
            if (cache.Find(names[i % names.Length]) is { IsServed: true, Answer.Slices.IsEmpty: false })
            {
                served++;
            }
        }

        var time = Machine.ThreadMicroseconds() - start;
        return served == hits ? time : throw new InvalidOperationException($"{hits - served} hits were none");
    }
}
