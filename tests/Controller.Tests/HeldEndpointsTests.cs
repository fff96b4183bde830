using System.Net;
using System.Text;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Generation;
using Fairlead.Naming;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>A controller that starts where one file of a Service cannot be read: the Service and its export stand in
/// one, its EndpointSlices in others.</summary>
public sealed class HeldEndpointsTests
{
    private const string Name = "a.shop.svc";
    private const string Service = "a.yaml";
    private static readonly string[] Slices = ["slice-0.yaml", "slice-1.yaml"];
    private readonly FakeMaker _maker = new();
    private readonly PublisherEngine _engine;
    private long _now = 1_000_000;
    private ManifestController _manifests = Controller();

    public HeldEndpointsTests()
    {
        _engine = new(new() { Anchors = 1, RecordLife = TimeSpan.FromSeconds(90) }, _maker, new Random(1));
        Assert.Empty(_engine.Require(1, Limits.RecordLifeMax, _now));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Start_WithoutSomeSlices_LeavesThePublishedOnes(int unread)
    {
        var published = Published(2);
        Load(published);
        Assert.Empty(Desire(Bad(Slices[..unread])));
        Assert.Equal(published.Content!.Fingerprint, Fingerprint());
        Assert.True(_engine.Names(_now).Single().IsHeld);

        // A readable change of the rest waits with it, and the file that is mended ends that.
        Assert.Empty(Desire([(Service, Of(2, port: 8081)[0].Text)]));
        var plan = Sealed(Desire(Of(2, port: 8081)));
        Assert.Equal(2, SlicesOf(plan.Content));
        Assert.NotEqual(published.Content.Fingerprint, plan.Content!.Fingerprint);
        Assert.False(_engine.Names(_now).Single().IsHeld);
    }

    /// <summary>An EndpointSlice that was read says that it is empty now, whatever else cannot be read.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Start_WithAnEmptyEndpointSlice_PublishesThatItIs(int slices)
    {
        const string empty = """
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: a-empty, namespace: shop, labels: {kubernetes.io/service-name: a}}
            addressType: IPv4
            ports: [{name: http, port: 8080, protocol: TCP}]
            endpoints: []

            """;
        Load(Published(slices));
        Assert.Equal(
            slices - 1,
            SlicesOf(Sealed(Desire([("other.yaml", "kind: ["), .. Of(slices)[..^1], (Slices[slices - 1], empty)]))
                .Content));
    }

    [Fact]
    public void Start_WithoutSomeSlices_RenewsThePublishedOnes()
    {
        var published = Published(2);
        Load(published with { IsClaimed = true });
        Assert.Empty(Desire(Bad(Slices)));
        _now = _engine.NextTick(_now)!.Value;
        Assert.Empty(_engine.Tick(_now));
        Assert.True(_engine.NeedsSources);
        var renewal = _engine.Load([published], _now, hasSources: true)[0].Publications[0].Plan;
        Assert.Equal(published.Content!.Fingerprint, renewal.Content!.Fingerprint);

        // On its way it may have to be signed anew.
        Assert.Empty(_engine.Require(1, 80_000, _now));
        _now = published.Expires - 20_000;
        var anew = Sealed(_engine.Tick(_now));
        Assert.Equal(published.Content.Fingerprint, anew.Content!.Fingerprint);
        Assert.Equal(_now + 80_000, anew.Expires);
    }

    /// <summary>One anchor that lies, or lags, says that nothing is published that could be lost.</summary>
    [Theory]
    [InlineData(80_000)]
    [InlineData(-1)]
    public void Start_WhereAnchorsDisagree_WaitsForWhatWasSigned(long left)
    {
        var published = Published(2);
        Load(published with
        {
            Version = _now - 1, Expires = _now + left, Content = null, IsClaimed = true, IsDisputed = true,
        });
        Assert.Empty(Desire(Bad(Slices)));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([published], _now, hasSources: true));
        Assert.Equal(published.Content!.Fingerprint, Fingerprint());
    }

    [Fact]
    public void Start_WithAClockBehindTheOneBefore_WaitsForWhatWasSigned()
    {
        var published = Published(2) with { Version = _now + 3_600_000 };
        Load(published with { IsClaimed = true });
        Assert.Empty(Desire(Bad(Slices)));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([published], _now, hasSources: true));
        Assert.Equal(published.Content!.Fingerprint, Fingerprint());
        Assert.Equal(published.Version + 1, Sealed(Desire(Of(2, port: 8081))).Version);
    }

    /// <summary>Its source may not be had, and then nothing is lost any more once it lapsed.</summary>
    [Fact]
    public void Start_WithoutSomeSlices_PublishesWhatCanBeReadWhereTheRestLapsed()
    {
        var published = Published(2) with { IsClaimed = true };
        Load(published);
        Assert.Empty(Desire(Bad(Slices[1])));
        _now = _engine.NextTick(_now)!.Value;
        Assert.Empty(_engine.Tick(_now));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([published], _now));
        Assert.Equal(published.Expires, _engine.NextTick(_now));
        Assert.Empty(_engine.Tick(_now));
        _now = published.Expires;
        Assert.Equal(1, SlicesOf(Sealed(_engine.Tick(_now)).Content));
    }

    [Fact]
    public void Start_WithAsManySlices_PublishesThem()
    {
        Load(Published(1));
        Assert.Equal(1, SlicesOf(Sealed(Desire([("other.yaml", "kind: ["), .. Of(1, port: 8081)])).Content));
    }

    /// <summary>What was there in this run is known, and nothing but its own files can take it away.</summary>
    [Fact]
    public void Slices_ThatGoOnceTheyWereThere_GoWhateverCannotBeRead()
    {
        Load(Published(2));
        Assert.Empty(Desire([("other.yaml", "kind: ["), .. Of(2)]));
        Assert.Equal(1, SlicesOf(Sealed(Desire([(Slices[0], null)])).Content));
    }

    /// <summary>Nothing is lost there.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Start_WhereNothingIsPublished_PublishesWhatCanBeRead(bool hasLapsed)
    {
        Load(hasLapsed ? [Published(2) with { Expires = _now }] : []);
        Assert.Equal(1, SlicesOf(Sealed(Desire(Bad(Slices[1]))).Content));
    }

    [Fact]
    public void Start_WithAFileLess_PublishesWhatIsLeft()
    {
        Load(Published(2));
        Assert.Equal(1, SlicesOf(Sealed(Desire(Of(1))).Content));
    }

    private static ManifestController Controller() => new(
        new() { Segment = "us1.internal" }, Digest.Sha256("publisher"u8), NullLogger.Instance);

    // The first file holds the Service and its export, each other one an EndpointSlice.
    private static (string File, string? Text)[] Of(int slices, int port = 8080)
    {
        var text = ManifestGenerator.Write(new()
        {
            Name = "a",
            Port = port,
            Endpoints =
            [
                .. Enumerable.Range(0, 100 * slices).Select(index => new IPAddress([10, 0, 0, (byte)index])),
            ],
        });
        var documents = text.Split("---\n", StringSplitOptions.RemoveEmptyEntries);
        return
        [
            (Service, $"{documents[0]}---\n{documents[^1]}"),
            .. documents[1..^1].Select((document, index) => (Slices[index], document)),
        ];
    }

    private static (string File, string? Text)[] Bad(params string[] files) =>
        [.. Of(2).Select(one => files.Contains(one.File) ? (one.File, "kind: [") : one)];

    private static int SlicesOf(Content? content) => ((RecordContent)content!).Slices.Count;

    private KnownLeaf Published(int slices)
    {
        var content = Take(Of(slices)).Contents[Name];
        _manifests = Controller();
        return new(Name, FakeMaker.Uid(9), _now - 9_000, _now + 80_000, content);
    }

    private void Load(params KnownLeaf[] leaves) => Assert.Empty(_engine.Load(leaves, _now));

    private Digest Fingerprint() => _engine.Names(_now).Single().Leaf.Content!.Fingerprint;

    private DesiredState Take((string File, string? Text)[] files) => _manifests.Take(new(
        [.. files.Select(file => (file.File, file.Text is { } text ? Encoding.UTF8.GetBytes(text) : null))], []));

    private IReadOnlyList<Send> Desire((string File, string? Text)[] files) => _engine.Desire(Take(files), _now);

    private Plan Sealed(IReadOnlyList<Send> sends)
    {
        var send = Assert.Single(sends);
        var publication = Assert.Single(send.Publications);
        Assert.Empty(_engine.Answer(send.Anchor, publication, AnchorFate.Sealed, null, _now));
        return publication.Plan;
    }
}
