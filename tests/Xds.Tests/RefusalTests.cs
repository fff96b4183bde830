using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Csds;
using Fairlead.Xds.Sotw;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>One bad resource never keeps a client from the rest, whichever way it takes what is good.</summary>
public sealed class RefusalTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    /// <summary>Envoy tells its watchers one by one and stops at the first that throws.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Several_RefusedTogether_AreSentOnceAlone_AndTheBadOneNotBeforeItChanges(bool isPerType)
    {
        var snapshot = Snapshot(Endpoints("a", 1), BadEndpoints("b"), Endpoints("c", 1));
        var only = isPerType ? Eds : null;
        var (sotw, delta) = (new SotwClient(snapshot, only: only), new DeltaClient(snapshot, only: only));
        string[] names = ["a", "b", "c"];
        sotw.Request(Eds, names);
        delta.Subscribe(Eds, names);
        Taken("eds a b c");
        Say(isTaken: false);
        var alone = delta.TakeAlone();
        foreach (var name in names)
        {
            Assert.Equal([$"eds {name}"], sotw.Take());
            _ = name == "b" ? sotw.Nack(Eds, names) : sotw.Ack(Eds, names);
            delta.Say(Eds, alone[name], isTaken: name != "b");
        }

        Taken();
        (sotw.Now, delta.Now) = (TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        Taken();
        Publish(Endpoints("a", 2), Endpoints("b", 2));
        Taken("eds a");
        Say(isTaken: true);
        Taken("eds b");
        Say(isTaken: true);
        Publish(Endpoints("a", 3), Endpoints("b", 3));
        Taken("eds a b");

        void Taken(params string[] responses)
        {
            Assert.Equal(responses, sotw.Take());
            Assert.Equal(responses, delta.Take());
        }

        void Say(bool isTaken)
        {
            _ = isTaken ? sotw.Ack(Eds, names) : sotw.Nack(Eds, names);
            _ = isTaken ? delta.Ack(Eds) : delta.Nack(Eds);
        }

        void Publish(params Resource[] resources)
        {
            sotw.Publish(resources);
            delta.Publish(resources);
        }
    }

    /// <summary>An Envoy that cannot read one cluster applies none, and hears of no removal beside it.</summary>
    [Fact]
    public void Clusters_OfADeltaStream_AreSentAlone_WithoutAPauseBetweenThem()
    {
        var client = new DeltaClient(Snapshot(Cluster("a"), Cluster("gone")));
        client.Subscribe(Cds);
        client.Take();
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Next(client.Snapshot.ToBuilder().Remove(Cds, "gone").Build(),
            Cluster("a", timeoutMs: 7), Cluster("b"), Cluster("c")));
        Assert.Equal(["cds a b c -gone"], client.Take());
        client.Nack(Cds);
        Assert.Equal(["cds a -gone", "cds b", "cds c"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    /// <summary>An Envoy says nothing of clusters while any of them warms: those of a response that it could not read
    /// do not wait for each other, and what else has changed does wait.</summary>
    [Fact]
    public void Clusters_OfADeltaStream_ThatAreSentAlone_WaitForNoWord()
    {
        const int count = 700;
        var all = Enumerable.Range(0, count).Select(i => $"c{i:d4}").ToArray();
        var client = new DeltaClient(Snapshot([.. all.Select(name => Cluster(name))]));
        client.Subscribe(Cds);
        Assert.Single(client.Take());
        client.Nack(Cds);
        var nonces = client.TakeAlone();

        Assert.Equal(all, nonces.Keys.Order());
        client.Publish(Cluster("later"));
        Assert.Empty(client.Take());

        // Then it says something to each.
        foreach (var name in all)
        {
            client.Say(Cds, nonces[name], isTaken: name != "c0300");
        }

        var told = client.Stream.Types.Single().Resources().ToLookup(one => one.State, one => one.Name);
        Assert.Equal(["c0300"], told[ResourceState.Refused]);
        Assert.Equal(count - 1, told[ResourceState.Taken].Count());
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds later"], client.Take());
    }

    /// <summary>More than there is room to remember go in turns, so that each word is heard; a client that says nothing
    /// to them has the next after a time.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Clusters_OfADeltaStream_ThatAreMoreThanCanBeRemembered_AreSentInTurns(bool isSilent)
    {
        const int count = 2_000;
        var client = new DeltaClient(Snapshot([.. Enumerable.Range(0, count).Select(i => Cluster($"c{i:d4}"))]));
        client.Subscribe(Cds);
        Assert.Single(client.Take());
        client.Nack(Cds);
        var sent = new HashSet<string>();
        foreach (var turn in new[] { 768, 768, count - (2 * 768) })
        {
            var nonces = client.TakeAlone();
            Assert.Equal(turn, nonces.Count);
            sent.UnionWith(nonces.Keys);
            foreach (var (name, nonce) in isSilent ? [] : nonces)
            {
                client.Say(Cds, nonce, isTaken: name is not ("c0003" or "c1500"));
            }

            client.Now += isSilent ? XdsLimits.Default.AckWaitMax : TimeSpan.Zero;
        }

        Assert.Equal(count, sent.Count);
        Assert.Empty(client.TakeAlone());
        var told = client.Stream.Types.Single().Resources().ToLookup(one => one.State, one => one.Name);
        Assert.Equal(isSilent ? [] : ["c0003", "c1500"], told[ResourceState.Refused]);
        Assert.Equal(isSilent ? 0 : count - 2, told[ResourceState.Taken].Count());

        // What changes from then on is sent.
        client.Now += XdsLimits.Default.AckWaitMax;
        client.Publish(Cluster("c0003", timeoutMs: 3), Cluster("d"));
        Assert.Equal(["cds c0003"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds d"], client.Take());
    }

    /// <summary>The state of the world of a client that takes all of a response or nothing, and does not say what is
    /// wrong with it: what works is never taken from it, and in the end it has all that is good.</summary>
    [Theory]
    [InlineData(1, 0, 12)]
    [InlineData(12, 12, 12)]
    [InlineData(1_000, 500, 24)]
    [InlineData(1_000, 999, 24)]
    public void Clusters_OfASotwStream_AreFoundByHalves(int count, int bad, int most)
    {
        var badName = $"c{bad:d4}";
        var client = new SotwClient(Snapshot([.. Enumerable.Range(0, count).Select(i => Cluster($"c{i:d4}"))]));
        client.Publish(Cluster("held"));
        var isBad = new HashSet<string> { client.Snapshot.Find(Cds, badName)?.Version ?? "" };
        var held = new HashSet<string>();
        client.Request(Cds, []);
        var responses = Settle(client, held, isBad);
        Assert.InRange(responses, 1, most);
        Assert.Equal(client.Snapshot.Resources(Cds).Keys.Where(name => name != badName).Order(), held.Order());

        // A bad change of one that it holds leaves it as it was, and what changes beside it is taken.
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Cluster("held", timeoutMs: 3), Cluster("new"));
        isBad.Add(client.Snapshot.Find(Cds, "held")!.Version);
        Settle(client, held, isBad);
        Assert.Contains("new", held);
        Assert.Contains("held", held);
        var told = client.Stream.Types.Single().Resources().Single(one => one.Name == "held");
        Assert.Equal((ResourceState.Refused, "bad"), (told.State, told.Refused?.Message));

        // Mended, it is sent.
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Cluster("held", timeoutMs: 4));
        Assert.Contains("held", Assert.Single(client.Take()).Split(' '));
    }

    [Fact]
    public void Clusters_ThatTheClientNames_AreLeftOutAtOnce()
    {
        var client = new SotwClient(Snapshot(
            Cluster("a:80"), Cluster("a:8080"), Cluster("b.a:80"), Cluster("c:80"), Cluster("d:80")));
        client.Request(Cds, []);
        client.Take();
        client.Now += TimeSpan.FromSeconds(1);
        client.Request(Cds, [], client.Last(Cds).Nonce, "", new Status
        {
            Code = 13, Message = "Error adding/updating cluster(s) a:80: no such thing, d:80: neither.",
        });
        Assert.Equal(["cds a:8080 b.a:80 c:80"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    /// <summary>Who comes back may hold what a new stream does not know: what is left out might be what works, whether
    /// it names what is bad or not.</summary>
    [Theory]
    [InlineData("Error adding/updating cluster(s) a:80: no such thing.")]
    [InlineData("cannot be read")]
    public void Clusters_OfAClientThatComesBack_AreNotLeftOutBeforeItHasTakenAResponse(string words)
    {
        var client = new SotwClient(Snapshot(Cluster("a:80"), Cluster("b:80"), Cluster("c:80")));
        client.Request(Cds, [], version: "before");
        Assert.Equal(["cds a:80 b:80 c:80"], client.Take());
        client.Now += TimeSpan.FromSeconds(1);
        client.Request(Cds, [], client.Last(Cds).Nonce, "before", new Status { Code = 13, Message = words });
        Assert.Empty(client.Take());

        // Mended it takes all, and from then on is known.
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Cluster("a:80", timeoutMs: 2));
        Assert.Equal(["cds a:80 b:80 c:80"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Cluster("a:80", timeoutMs: 3), Cluster("d:80"));
        client.Take();
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Assert.Contains("a:80", Assert.Single(client.Take()).Split(' '));
    }

    /// <summary>Who comes back with the version that it was told before tells by it that it has all but what it
    /// refused.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Clusters_OfAClientThatComesBack_AreServedWithoutWhatItRefusedBefore(int bad)
    {
        var all = Enumerable.Range(0, 100).Select(i => Cluster($"c{i:d2}")).ToArray();
        var isBad = all[..bad].Select(one => one.Version).ToHashSet();
        var (before, held) = (new SotwClient(Snapshot(all)), new HashSet<string>());
        before.Request(Cds, []);
        Settle(before, held, isBad);
        Assert.Equal(100 - bad, held.Count);

        var after = new SotwClient(Snapshot(all));
        after.Request(Cds, [], version: before.Stream.Types.Single().AckedVersion);
        Assert.InRange(Settle(after, held, isBad), 1, 4);
        Assert.Equal(100 - bad, held.Count);
        after.Now += TimeSpan.FromSeconds(1);
        after.Publish(Cluster("new"));
        Settle(after, held, isBad);
        Assert.Contains("new", held);
        Assert.Equal(101 - bad, held.Count);
    }

    /// <summary>However many it refused before, one by one or at once, and whatever has changed since.</summary>
    [Theory]
    [InlineData(3, true, false)]
    [InlineData(3, false, true)]
    [InlineData(40, true, true)]
    [InlineData(1, false, true)]
    public void Clusters_OfAClientThatComesBack_AreKnownByTheMarksOfWhatItRefused(
        int bad, bool isAtOnce, bool isChanged)
    {
        var all = Enumerable.Range(0, 100).Select(i => Cluster($"c{i:d2}")).ToArray();
        var isBad = all[..bad].Select(one => one.Version).ToHashSet();
        var (before, held) = (new SotwClient(Snapshot(isAtOnce ? all : all[bad..])), new HashSet<string>());
        before.Request(Cds, []);
        Settle(before, held, isBad);
        foreach (var one in isAtOnce ? [] : all[..bad])
        {
            before.Publish(one);
            Settle(before, held, isBad);
        }

        var version = before.Stream.Types.Single().AckedVersion;
        Assert.Equal(32 + 1 + (12 * bad), version.Length);
        var snapshot = Snapshot(isChanged ? [.. all[..90], Cluster("c50", timeoutMs: 3), Cluster("new")] : all);
        var after = new SotwClient(snapshot);
        after.Request(Cds, [], version: version);
        held.RemoveWhere(name => snapshot.Find(Cds, name) is null);
        Assert.InRange(Settle(after, held, isBad), 1, 2 + (2 * bad));
        var good = snapshot.Resources(Cds).Values.Where(one => !isBad.Contains(one.Version));
        Assert.Equal(good.Select(one => one.Name).Order(), held.Order());
        Assert.Equal(version.Split('-')[1], after.Stream.Types.Single().AckedVersion.Split('-')[1]);

        // Another program may take what this one did not.
        after = new SotwClient(snapshot);
        after.Request(Cds, [], version: version);
        Assert.Equal(2, Settle(after, held, []));
        Assert.Equal(snapshot.Resources(Cds).Count, held.Count);
        Assert.Equal(32, after.Stream.Types.Single().AckedVersion.Length);
    }

    [Fact]
    public void Versions_OfAnybody_HaveAtMostSoManyMarks()
    {
        var many = Enumerable.Range(0, SotwVersion.MarksMax + 9).Select(i => Cluster($"c{i:d4}")).ToArray();
        var sum = many[0].Version;
        Assert.Equal(sum, SotwVersion.Of(sum, []));
        var version = SotwVersion.Of(sum, many.Select(one => (one, (Resource?)null)));
        Assert.Equal(33 + (12 * SotwVersion.MarksMax), version.Length);
        Assert.Equal(SotwVersion.MarksMax, SotwVersion.MarksOf(version + version).Count);
        Assert.Equal(many[0].Fingerprint, SotwVersion.SumOf(version));
        Assert.All(
            new[] { "", "before", sum + "x", sum[1..], "z" + sum[1..] }, one => Assert.Null(SotwVersion.SumOf(one)));
        Assert.All(new[] { sum, sum + "-", sum + "-0123456789a" }, one => Assert.Empty(SotwVersion.MarksOf(one)));
    }

    /// <summary>A gRPC client takes what is good and refuses the rest: left out, a cluster would be gone for
    /// it.</summary>
    [Fact]
    public void Clusters_OfAGrpcClient_AreNotLeftOut()
    {
        var stream = new SotwStream(
            Snapshot(Cluster("a"), Cluster("b")), (_, _) => null, "test/1",
            client: ClientNode.Anonymous with { UserAgent = "gRPC C-core" });
        var names = new NameList(["a", "b"]);
        stream.Receive(new SotwRequest(Cds.TypeUrl, names, ""), TimeSpan.Zero);
        var sent = stream.Next(TimeSpan.Zero)!;
        stream.Receive(
            new SotwRequest(Cds.TypeUrl, names, sent.Nonce, Error: new Status { Message = "b" }),
            TimeSpan.FromSeconds(1));
        Assert.Null(stream.Next(TimeSpan.FromSeconds(2)));
    }

    /// <summary>However many are bad, and nameless: what is good beside them is served in the end.</summary>
    [Theory]
    [InlineData(300, 3)]
    [InlineData(130, 1)]
    public void Clusters_OfWhichManyAreBad_HoldNoGoodOneBack(int count, int every)
    {
        var all = Enumerable.Range(0, count).Select(i => Cluster($"c{i:d4}")).ToArray();
        var bad = all.Where((_, i) => i % every == 0).ToList();
        var client = new SotwClient(Snapshot(all));
        client.Publish(Cluster("zzz"));
        client.Request(Cds, []);
        var held = new HashSet<string>();
        var responses = Settle(client, held, [.. bad.Select(one => one.Version)]);
        Assert.Equal(all.Except(bad).Select(one => one.Name).Append("zzz").Order(), held.Order());
        Assert.InRange(responses, 1, 2 * (count + 1));
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
    }

    /// <summary>Who has refused many is asked once a second from then on.</summary>
    [Fact]
    public void Client_ThatRefusesEverything_IsAskedLessOften_AndThenLeftInPeace()
    {
        var all = Enumerable.Range(0, 100).Select(i => Cluster($"c{i}")).ToArray();
        var client = new SotwClient(Snapshot(all));
        client.Request(Cds, []);
        var (responses, last, seldom) = (0, client.Now, 0);
        for (var quiet = 0; quiet < 20; client.Now += TimeSpan.FromSeconds(0.1), quiet++)
        {
            if (client.Take() is [_])
            {
                client.Nack(Cds, []);
                seldom += client.Now - last >= TimeSpan.FromSeconds(0.95) ? 1 : 0;
                (last, quiet) = (client.Now, 0);
                responses++;
            }
        }

        Assert.InRange(responses, 100, 200);
        Assert.InRange(responses - seldom, 60, 70);
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
    }

    /// <summary>An Envoy withholds its word on clusters while anything warms: what waits behind a trial does not wait
    /// for ever.</summary>
    [Fact]
    public void Halves_ThatWait_AreTried_ThoughTheClientSaysNothing()
    {
        var client = new SotwClient(Snapshot(Cluster("a"), Cluster("b"), Cluster("c"), Cluster("d")));
        client.Request(Cds, []);
        Assert.Equal(["cds a b c d"], client.Take());
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Assert.Equal(["cds a b"], client.Take());
        var until = client.Now + XdsLimits.Default.AckWaitMax;
        Assert.Equal(until, client.Stream.WakeAt);
        client.Now = until;
        Assert.Equal(["cds a b c d"], client.Take());

        // It took the first half, as it seems: the second alone is to blame.
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Assert.Equal(["cds a b c"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a b c d"], client.Take());
        client.Nack(Cds, []);
        client.Now += TimeSpan.FromHours(1);

        // Once more, with a version that marks what is to blame.
        Assert.Equal(["cds a b c"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
        Assert.Equal(["a", "b", "c"], client.Stream.Types.Single().Sent.Keys.Order());
    }

    /// <summary>A client that was only slow to refuse is not taken to hold what it refused.</summary>
    [Fact]
    public void Half_ThatIsRefusedLate_IsToBlameStill()
    {
        var client = new SotwClient(Snapshot(Cluster("a"), Cluster("b"), Cluster("c"), Cluster("d")));
        client.Request(Cds, []);
        client.Take();
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Assert.Equal(["cds a b"], client.Take());
        var nonce = client.Last(Cds).Nonce;
        client.Now += XdsLimits.Default.AckWaitMax;
        Assert.Equal(["cds a b c d"], client.Take());
        client.Request(Cds, [], nonce, "", new Status { Code = 13, Message = "bad" });
        Assert.Empty(client.Take());
        client.Nack(Cds, []);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a b"], client.Take());
    }

    /// <summary>Answers each response until there is none; returns how many there were.</summary>
    private static int Settle(SotwClient client, HashSet<string> held, HashSet<string> bad)
    {
        for (var count = 0; ; count++)
        {
            client.Now += TimeSpan.FromSeconds(1);
            if (client.Take() is not [var response])
            {
                return count;
            }

            var names = response.Split(' ').Skip(1).ToHashSet();
            Assert.Subset(names, held);
            if (client.Last(Cds).Resources.Any(one => bad.Contains(
                Resource.Create(one.Unpack<EnvoyApi.Clusters.Cluster>()).Version)))
            {
                client.Nack(Cds, []);
            }
            else
            {
                held.Clear();
                held.UnionWith(names);
                client.Ack(Cds);
            }
        }
    }
}
