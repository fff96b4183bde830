using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.Xds.Delta;
using Google.Protobuf;
using Xunit;
using Status = Fairlead.EnvoyApi.Rpc.Status;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>Requests that are too large to be taken in whole.</summary>
public sealed class LargeDeltaRequestTests
{
    private static readonly XdsLimits Limits =
        XdsLimits.Default with { NamesMax = 10, NameBytesMax = 200, NameLengthMax = 150 };

    [Fact]
    public void Request_WithinTheBounds_IsKept_HoweverItComes()
    {
        var request = new DeltaDiscoveryRequest
        {
            Node = new Node { Id = "pod", Cluster = new string('c', 130) },
            TypeUrl = "t",
            ResponseNonce = "7",
            ErrorDetail = new Status { Code = 3, Message = "no" },
            ResourceNamesSubscribe = { "a", "", new string('b', 140) },
            ResourceNamesUnsubscribe = { "c" },
            InitialResourceVersions = { ["a"] = "1", [new string('d', 140)] = "2" },
        };
        var bytes = request.ToByteArray();
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            var (read, leftOut, length) = Read(bytes, piece);
            Assert.Equal(request, read);
            Assert.Equal((0, (long)bytes.Length), (leftOut, length));
        }
    }

    [Fact]
    public void Names_BeyondTheBound_AreLeftOut_AndThoseHeldAreAskedFor()
    {
        var request = new DeltaDiscoveryRequest
        {
            Node = new Node { Id = "pod" },
            TypeUrl = ResourceType.Cluster.TypeUrl,
            ResourceNamesSubscribe = { Enumerable.Range(0, 1_000).Select(i => $"name-{i:000}") },
            InitialResourceVersions = { ["name-998"] = "1", [new string('h', 140)] = "2" },
            ResponseNonce = "7",
        };
        var (read, leftOut, _) = Read(request.ToByteArray(), 1_000);
        Assert.Equal(974, leftOut);
        Assert.Equal(("pod", "7"), (read.Node.Id, read.ResponseNonce));
        Assert.Equal(request.InitialResourceVersions, read.InitialResourceVersions);
        Assert.Equal(
            [.. request.ResourceNamesSubscribe.Take(26), "name-998", new string('h', 140)],
            read.ResourceNamesSubscribe);
    }

    [Theory]
    [InlineData("*")]
    [InlineData(null)]
    public void Held_OfWhoAsksForEverything_IsNotAskedForByName(string? all)
    {
        var request = new DeltaDiscoveryRequest
        {
            TypeUrl = ResourceType.Cluster.TypeUrl, InitialResourceVersions = { ["held"] = "1" },
        };
        var names = Enumerable.Range(0, 1_000).Select(i => $"name-{i:000}");
        if (all is null)
        {
            request.ResourceNamesUnsubscribe.Add(names);
        }
        else
        {
            request.ResourceNamesSubscribe.Add(names.Prepend(all));
        }

        var (read, leftOut, _) = Read(request.ToByteArray(), 100);
        Assert.NotEqual(0, leftOut);
        Assert.Equal(all is not null, read.ResourceNamesSubscribe.Contains("*"));
        Assert.DoesNotContain("held", read.ResourceNamesSubscribe);
        Assert.Equal("1", read.InitialResourceVersions["held"]);
    }

    [Fact]
    public void Versions_BeyondTheBound_AreLeftOut()
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = ResourceType.Cluster.TypeUrl };
        for (var i = 0; i < 1_000; i++)
        {
            request.InitialResourceVersions[$"name-{i:000}"] = "1";
        }

        var (read, leftOut, _) = Read(request.ToByteArray(), 1_000);
        Assert.Equal(1_000, leftOut + read.InitialResourceVersions.Count);
        Assert.InRange(read.CalculateSize(), 1, 4_000);
    }

    /// <summary>A field takes room here also where it has nothing in it.</summary>
    [Fact]
    public void Names_OfNoLength_AreBounded()
    {
        var request = new DeltaDiscoveryRequest
        {
            TypeUrl = ResourceType.Cluster.TypeUrl, ResourceNamesSubscribe = { Enumerable.Repeat("", 10_000) },
        };
        var (read, leftOut, _) = Read(request.ToByteArray(), 1_000);
        Assert.Equal(10_000, leftOut + read.ResourceNamesSubscribe.Count);
        Assert.InRange(read.ResourceNamesSubscribe.Count, 0, 100);
    }

    /// <summary>Nobody would hear of endpoints whose name was left out: of them more is taken, and the client hears
    /// where that is too many.</summary>
    [Theory]
    [InlineData(190, true)]
    [InlineData(210, false)]
    public void Names_OfOtherTypes_AreAllTaken_OrRefused(int count, bool isTaken)
    {
        var request = new DeltaDiscoveryRequest
        {
            TypeUrl = ResourceType.Endpoints.TypeUrl,
            ResourceNamesSubscribe = { Enumerable.Range(0, count).Select(i => $"name-{i:000}") },
            InitialResourceVersions = { ["name-001"] = "1" },
        };
        if (isTaken)
        {
            var (read, leftOut, _) = Read(request.ToByteArray(), 1_000);
            Assert.Equal((request, 0), (read, leftOut));
            return;
        }

        var refused = Assert.Throws<RpcException>(() => Read(request.ToByteArray(), 1_000));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.StartsWith("TooManyNames: ", refused.Status.Detail, StringComparison.Ordinal);
    }

    /// <summary>What a client holds is remembered apart only where names may be left out, which are those of
    /// clusters.</summary>
    [Fact]
    public void Held_OfOtherTypes_IsNotRememberedTwice()
    {
        const int Count = 8;
        const int Length = 140;
        Cost(ResourceType.Cluster);
        var (clusters, endpoints) = (Cost(ResourceType.Cluster), Cost(ResourceType.Endpoints));
        Assert.True(clusters - endpoints >= Count * Length, $"{clusters} bytes for clusters, {endpoints} for others");

        static long Cost(ResourceType type)
        {
            var request = new DeltaDiscoveryRequest { TypeUrl = type.TypeUrl };
            for (var i = 0; i < Count; i++)
            {
                request.InitialResourceVersions[new string('h', Length - 2) + (char)('a' + i) + "h"] = "1";
            }

            var bytes = request.ToByteArray();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Kept(bytes, bytes.Length);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Node_BeyondTheBound_IsRefused()
    {
        var request = new DeltaDiscoveryRequest { Node = new Node { Id = new string('n', 300_000) } };
        var refused = Assert.Throws<RpcException>(() => Read(request.ToByteArray(), 4_096));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Theory]
    [InlineData("1A05")] // a name that is cut off
    [InlineData("1A")]
    [InlineData("1A85")]
    [InlineData("18018001")] // no field of bytes
    [InlineData("1AFFFFFFFFFFFF01")]
    [InlineData("9A010161")]
    public void Bytes_OfNoRequest_AreRefused(string bytes)
    {
        var refused = Assert.Throws<RpcException>(() => Read(Convert.FromHexString(bytes), 1));
        Assert.Equal(StatusCode.Internal, refused.StatusCode);
    }

    [Fact]
    public void Bytes_AtRandom_AreReadOrRefused()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var whole = new DeltaDiscoveryRequest
        {
            ResourceNamesSubscribe = { Enumerable.Range(0, 60).Select(i => $"name-{i:000}") },
            InitialResourceVersions = { ["name-001"] = "1", ["b"] = "2" },
        }.ToByteArray();
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Assert.InRange(Kept(bytes, random.Next(1, 50)).Length, 0, 4_000);
            }
            catch (RpcException)
            {
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, {i}: {Convert.ToHexString(bytes)}: {e}");
            }
        }
    }

    private static ReadOnlyMemory<byte> Kept(byte[] bytes, int piece)
    {
        var large = new LargeDeltaRequest(Limits, static (_, _) => { });
        foreach (var part in bytes.Chunk(piece))
        {
            large.Take(part);
        }

        return large.End();
    }

    private static (DeltaDiscoveryRequest Request, int LeftOut, long Bytes) Read(byte[] bytes, int piece)
    {
        var (leftOut, length) = (0, 0L);
        var large = new LargeDeltaRequest(Limits, (count, all) => (leftOut, length) = (count, all));
        foreach (var part in bytes.Chunk(piece))
        {
            large.Take(part);
        }

        return (DeltaDiscoveryRequest.Parser.ParseFrom(large.End().Span), leftOut, length);
    }
}
