using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>A client that comes back with a cluster in an older form and refuses the change of it: it keeps that form,
/// whatever else there is reaches it, and it is left in peace.</summary>
public sealed class OlderFormTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;

    private readonly Dictionary<string, string> _held = [];
    private readonly HashSet<string> _bad = [];

    /// <summary>An Envoy that cannot read the change takes nothing of a response that has it. The server that it comes
    /// back to knows the older form by what it brings alone.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Form_ThatIsHeld_StandsForWhatWasRefusedBefore(int count)
    {
        var names = Enumerable.Range(0, count).Select(i => $"a{i}").ToArray();
        Resource[] older = [.. names.Select(name => Cluster(name)), Cluster("b")];
        var before = new SotwClient(Snapshot(older));
        before.Request(Cds, []);
        Settle(before);
        foreach (var name in names)
        {
            var change = Cluster(name, timeoutMs: 3);
            _bad.Add(change.Version);
            before.Publish(change);
            Settle(before);
        }

        Assert.Equal(older.ToDictionary(one => one.Name, one => one.Version), _held);

        var after = new SotwClient(Anew(before.Snapshot));
        after.Publish(Cluster("new"));
        after.Request(Cds, [], version: before.Stream.Types.Single().AckedVersion);
        Assert.InRange(Settle(after), 1, 3 + (2 * count));
        Assert.Equal(Cluster("new").Version, _held["new"]);
        Assert.All(older, one => Assert.Equal(one.Version, _held[one.Name]));

        // It goes on so, also where it comes back once more, and takes what is mended.
        var again = new SotwClient(Anew(after.Snapshot));
        again.Request(Cds, [], version: after.Stream.Types.Single().AckedVersion);
        Settle(again);
        again.Publish(Cluster("b", timeoutMs: 5), Cluster("a0", timeoutMs: 7));
        Settle(again);
        Assert.Equal(Cluster("b", timeoutMs: 5).Version, _held["b"]);
        Assert.Equal(Cluster("a0", timeoutMs: 7).Version, _held["a0"]);
        again.Remove(Cds, "a0");
        Settle(again);
        Assert.DoesNotContain("a0", _held.Keys);
    }

    /// <summary>What it refused has changed meanwhile, and is refused again: it is known to hold the older
    /// form.</summary>
    [Fact]
    public void Form_ThatIsHeld_IsKnown_WhereAnotherChangeIsRefused()
    {
        var before = new SotwClient(Snapshot(Cluster("a"), Cluster("b")));
        before.Request(Cds, []);
        Settle(before);
        _bad.Add(Cluster("a", timeoutMs: 3).Version);
        _bad.Add(Cluster("a", timeoutMs: 4).Version);
        before.Publish(Cluster("a", timeoutMs: 3));
        Settle(before);
        var after = new SotwClient(Snapshot(Cluster("a", timeoutMs: 4), Cluster("b")));
        after.Request(Cds, [], version: before.Stream.Types.Single().AckedVersion);
        Settle(after);
        after.Publish(Cluster("new"));
        Settle(after);
        Assert.Equal(["a", "b", "new"], _held.Keys.Order());
        Assert.Equal(Cluster("a").Version, _held["a"]);
    }

    /// <summary>The change came while the server was away: an Envoy takes the good of what it refuses, and has all but
    /// that; one that cannot read it keeps all that it has until it is mended. Neither is asked again and
    /// again.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Change_OfAnUnknownForm_TakesNothingAway(bool takesTheGood)
    {
        var before = new SotwClient(Snapshot(Cluster("a"), Cluster("b")));
        before.Request(Cds, []);
        Settle(before);
        var change = Cluster("a", timeoutMs: 3);
        _bad.Add(change.Version);
        var after = new SotwClient(Snapshot(change, Cluster("b"), Cluster("new")));
        after.Request(Cds, [], version: before.Stream.Types.Single().AckedVersion);
        Assert.Equal(1, Settle(after, takesTheGood));
        after.Publish(Cluster("later"));
        Assert.Equal(1, Settle(after, takesTheGood));
        Assert.Equal(takesTheGood ? ["a", "b", "later", "new"] : ["a", "b"], _held.Keys.Order());
        Assert.Equal(Cluster("a").Version, _held["a"]);
        after.Publish(Cluster("a", timeoutMs: 4));
        Settle(after, takesTheGood);
        Assert.Equal(["a", "b", "later", "new"], _held.Keys.Order());
        Assert.Equal(Cluster("a", timeoutMs: 4).Version, _held["a"]);
    }

    /// <summary>What is refused of a name whose older form has no room is not marked: left out, that would be
    /// gone.</summary>
    [Fact]
    public void Forms_HaveBounds()
    {
        var sum = new string('0', 32);
        (Resource, Resource?)[] many =
        [
            .. Enumerable.Range(0, SotwVersion.FormsMax + 9)
                .Select(i => (Cluster($"c{i}"), (Resource?)Cluster($"c{i}", timeoutMs: 3))),
        ];
        var version = SotwVersion.Of(sum, many);
        Assert.Equal(SotwVersion.FormsMax, SotwVersion.MarksOf(version).Count);
        var forms = SotwVersion.FormsOf(Cds, version);
        Assert.Equal(SotwVersion.FormsMax, forms.Count);
        Assert.All(forms, one => Assert.Equal(Cluster(one.Key, timeoutMs: 3).Version, one.Value.Version));
        Assert.InRange(version.Length, 1, 33 + (12 * SotwVersion.FormsMax) + SotwVersion.FormsLength);

        var random = new Random(7);
        string[] large = [.. Enumerable.Range(0, 3).Select(i => new string([.. Enumerable.Range(0, 3_800)
            .Select(_ => (char)('0' + random.Next(64)))]))];
        version = SotwVersion.Of(sum, large.Select((name, i) => (Cluster($"c{i}"), (Resource?)Cluster(name))));
        Assert.Equal(2, SotwVersion.MarksOf(version).Count);
        Assert.Equal(2, SotwVersion.FormsOf(Cds, version).Count);
        Assert.Equal(sum, SotwVersion.Of(
            sum, [(Cluster("c"), Resource.Create(new Cluster { Name = new string('x', OlderForm.BytesMax) }))]));

        // Also together, however few characters say them.
        version = SotwVersion.Of(sum, Enumerable.Range(0, 3).Select(i => (
            Cluster($"c{i}"), (Resource?)Resource.Create(new Cluster { Name = new string((char)('x' + i), 30_000) }))));
        Assert.Equal(2, SotwVersion.MarksOf(version).Count);
        Assert.Equal(2, SotwVersion.FormsOf(Cds, version).Count);
        Assert.Equal(2, SotwVersion.FormsOf(Cds, version + version[version.IndexOf('.')..]).Count);
    }

    [Fact]
    public void Texts_ThatAreNoForm_AreNone()
    {
        var text = Write(Cluster("a"), SotwVersion.FormsLength)!;
        Assert.Equal(Cluster("a").Version, Read(Cds, text)?.Version);
        Assert.Null(Write(Cluster("a"), text.Length - 1));
        Assert.Null(Read(ResourceType.Endpoints, text));
        Assert.All(
            new[] { "", "!", text + "!", text[1..], text[..^3], "AAAA", new string('A', 1 << 20), Nameless() },
            one => Assert.Null(Read(Cds, one)));
        Assert.Empty(SotwVersion.FormsOf(Cds, "before." + text));
        var sum = new string('0', 32);
        Assert.Single(SotwVersion.FormsOf(Cds, $"{sum}-.{text}.!"));
        Assert.Single(SotwVersion.FormsOf(Cds, sum + "-" + string.Concat(Enumerable.Repeat("." + text, 100))));

        // Of more than 64 KiB nothing is read, however few characters say it.
        var bomb = Write(Resource.Create(new Cluster { Name = new string('x', 60_000) }), 4_000)!;
        Assert.NotNull(Read(Cds, bomb));
        var packed = new byte[1_000];
        Assert.True(System.IO.Compression.BrotliEncoder.TryCompress(new byte[1 << 20], packed, out var length));
        Assert.Null(Read(Cds, System.Buffers.Text.Base64Url.EncodeToString(packed.AsSpan(0, length))));
    }

    private static string? Write(Resource resource, int most)
    {
        var left = OlderForm.BytesMax;
        return OlderForm.Write(resource, most, ref left);
    }

    private static Resource? Read(ResourceType type, string text)
    {
        var left = OlderForm.BytesMax;
        return OlderForm.Read(type, text, ref left);
    }

    private static string Nameless()
    {
        var packed = new byte[100];
        Assert.True(System.IO.Compression.BrotliEncoder.TryCompress([], packed, out var length));
        return System.Buffers.Text.Base64Url.EncodeToString(packed.AsSpan(0, length));
    }

    // Answers each response until there is none; nothing that is held and still served may ever go. Returns how many.
    private int Settle(SotwClient client, bool takesTheGood = false)
    {
        for (var count = 0; count < 50; count++)
        {
            client.Now += TimeSpan.FromSeconds(1);
            if (client.Take() is not [_])
            {
                client.Now += TimeSpan.FromHours(1);
                Assert.Empty(client.Take());
                return count;
            }

            var told = client.Last(Cds).Resources.Select(one => Resource.Create(one.Unpack<Cluster>())).ToList();
            Assert.Subset(
                told.Select(one => one.Name).ToHashSet(),
                _held.Keys.Where(name => client.Snapshot.Find(Cds, name) is not null).ToHashSet());
            var bad = told.Where(one => _bad.Contains(one.Version)).ToList();
            if (bad.Count == 0 || takesTheGood)
            {
                var names = told.Select(one => one.Name).ToHashSet();
                _held.Keys.Where(name => !names.Contains(name)).ToList().ForEach(name => _held.Remove(name));
                told.Except(bad).ToList().ForEach(one => _held[one.Name] = one.Version);
            }

            if (bad.Count == 0)
            {
                client.Ack(Cds);
                continue;
            }

            var words = takesTheGood ? string.Join(", ", bad.Select(one => one.Name + ": no such thing")) : "bad";
            client.Request(Cds, [], client.Last(Cds).Nonce, "", new Status { Code = 13, Message = words });
        }

        Assert.Fail("it does not come to rest");
        return 0;
    }
}
