using Fairlead.Governance.Tests.Seals;
using Xunit;

namespace Fairlead.Governance.Tests.Entries;

/// <summary>
/// The join of entries: commutative, associative, idempotent, and what it holds dominates all that went in.
/// </summary>
public sealed class JoinTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Join_AnyOrderAndRepetition_HoldsTheGreatestOfEachName(int seed)
    {
        var random = new Random(seed);
        var bench = new EngineBench();
        var entries = Enumerable.Range(0, 60)
            .Select(_ => bench.Read(bench.Sign(bench.Record(
                $"n{random.Next(5)}.shop.svc", bench.Now - random.Next(4)))))
            .ToArray();
        var expected = entries.GroupBy(e => e.Name)
            .Select(g => g.MaxBy(e => (e.Version, e.Rank, e.Digest))!.Digest).Order().ToList();
        var start = LeafState.Start(bench.Reader().OperationTree);
        for (var round = 0; round < 20; round++)
        {
            random.Shuffle(entries);
            var pool = new Pool();
            foreach (var entry in entries.Concat(entries.Take(random.Next(60))))
            {
                pool.Add(entry, 0);
            }

            Assert.Equal(expected, pool.InOrder().Select(e => e.Digest).Order());
            var joined = start.Apply(pool.InOrder(), []);
            foreach (var entry in entries)
            {
                Assert.Null(joined.FirstNotDominated(start.Apply([entry], []), bench.Now, 1_000));
            }
        }
    }

    [Fact]
    public void Dominates_LowerOrMissing_FindsIt_UnlessExpired()
    {
        var bench = new EngineBench();
        var low = bench.Read(bench.Sign(bench.Record(version: bench.Now - 5, life: 10_000)));
        var high = bench.Read(bench.Sign(bench.Record(life: 20_000)));
        var start = LeafState.Start(bench.Reader().OperationTree);
        var later = start.Apply([high], []);
        Assert.Same(high, start.Apply([low], []).FirstNotDominated(later, bench.Now, 1_000));
        Assert.Same(high, start.FirstNotDominated(later, bench.Now + 21_000, 1_000));
        Assert.Null(start.FirstNotDominated(later, bench.Now + 21_001, 1_000));
        Assert.Equal(start.Tree.Root, later.Apply([], [high.Name]).Tree.Root);
    }
}
