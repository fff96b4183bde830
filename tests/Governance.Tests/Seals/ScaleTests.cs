using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming;
using Fairlead.Naming.Tree;
using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>What a large segment costs: a change touches one path of the tree and one name of the state. Counted is
/// what one thread allocates; memory per record is measured in <c>make bench ONLY=seal</c>, since the heap of a test
/// program belongs to every test that runs beside.</summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int Records = 100_000;

    [Fact]
    public void Seal_OneChangeOfManyRecords_TouchesOnlyItsPath()
    {
        var bench = new EngineBench();
        var template = bench.Read(bench.Sign(bench.Record()));
        var entries = Enumerable.Range(0, Records).Select(i => Copy(template, i)).ToList();
        var state = LeafState.Start(SparseTree.Empty).Apply(entries, []);
        Assert.Equal(Records, state.Tree.Count);
        var change = Copy(template, 5, version: 2);
        _ = state.Apply([change], []);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var next = state.Apply([change], []);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        output.WriteLine($"one change: {allocated} bytes");
        Assert.NotEqual(state.Tree.Root, next.Tree.Root);
        Assert.InRange(allocated, 1, 20_000);
    }

    [Fact]
    public void Step_ProposalOverManyRecords_AllocatesNothingPerRecord()
    {
        var bench = new EngineBench();
        for (var seq = 0; seq < 20; seq++)
        {
            var puts = Enumerable.Range(0, 200).Select(i => bench.Sign(bench.Record($"b{seq}x{i}.shop.svc"))).ToArray();
            bench.Seal(seq, puts);
        }

        var small = Cost(new EngineBench());
        var large = Cost(bench);
        output.WriteLine($"one proposal and certificate: {small} bytes at 0 records, {large} bytes at 4,000");
        Assert.InRange(large, 1, small + 60_000);
    }

    private static long Cost(EngineBench bench)
    {
        var seq = (bench.Engine.Newest?.Seal.Seq ?? -1) + 1;
        bench.Seal(seq, bench.Sign(bench.Record("warm.shop.svc", bench.Now - 1)));
        var proposal = bench.Propose(seq + 1, [bench.Sign(bench.Record("warm.shop.svc"))]);
        var certificate = new SealMessage.Certificate(0, bench.Certify(proposal.Seal, "a0", "a1", "a2"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        bench.Receive("a0", proposal);
        bench.Receive("a0", certificate);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static Entry Copy(Entry template, int number, long version = 1)
    {
        var name = $"r{number}.shop.svc";
        return new Entry
        {
            Name = new EntryName(LeafClass.Record, name),
            Source = template.Source with { Type = "record" },
            Digest = Digest.Sha256(Encoding.ASCII.GetBytes($"{name} {version}")),
            Version = version,
            Rank = 0,
            Expires = VirtualTime.Start + 100_000,
            Issued = VirtualTime.Start,
            Publisher = template.Publisher,
            Uid = template.Uid,
            LeafClass = LeafClass.Record,
            LeafName = name,
            Leaf = template.Leaf,
            Key = Digest.FromBytes(SHA256.HashData(Encoding.ASCII.GetBytes(name))),
            Commitment = Digest.Sha256(Encoding.ASCII.GetBytes($"leaf {name} {version}")),
        };
    }
}
