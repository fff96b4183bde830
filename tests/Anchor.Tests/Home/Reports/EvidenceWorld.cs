using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Home.Reports;

/// <summary>What an anchor of us1 knows of misused keys; eu1, a neighbour, asks there. Time stands still.</summary>
internal sealed class EvidenceWorld : IAsyncDisposable
{
    private readonly TlsIdentity _identity = new(TestKeys.Ecdsa(2), TimeProvider.System);

    /// <param name="identities">How pods prove themselves besides the keys on file.</param>
    /// <param name="keys">The keys on file.</param>
    /// <param name="homeAt">Where eu1's anchors are: each at the next of these, by which others name them.</param>
    /// <param name="learned">Hears of chains.</param>
    /// <param name="place">Which of its segment's anchors it is; null for one of which nobody knows.</param>
    internal EvidenceWorld(
        IdentityOptions? identities = null, IReadOnlyDictionary<Digest, Subject>? keys = null,
        IReadOnlyList<IpEndpoint>? homeAt = null, Func<SegmentState, bool>? learned = null,
        int? place = null)
    {
        Home = Eu1(homeAt);
        Fork = Eu1(homeAt);
        Own.PeerWith(Home);
        Time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start + 10_000));
        Context = new ServingContext
        {
            Views = new ViewSource(),
            SealKey = Own.Seal(0),
            Transport = _identity,
            TransportKid = place is { } at ? Own.Tls(at).Key.Kid : default,
            Subjects = new SubjectBook(
                keys ?? new Dictionary<Digest, Subject>(), identities ?? IdentityOptions.None, Time,
                NullLogger<SubjectBook>.Instance),
            UnsafeAllowLoopbackEndpoints = false,
            Time = Time,
            Learned = learned ?? (static _ => true),
            Loggers = NullLoggerFactory.Instance,
        };
        Keeper = new StateKeeper(new HomePin(Own.Genesis, Own.Name), null, "us1-a");
        Verifier = new HomeVerifier(Context, Keeper);
        Homes = new HomeBook(Context, Context.Verified, Verifier.Chain);
        Book = new EvidenceBook(Context, Verifier, Homes);
    }

    internal TestSegment Own { get; } = new();

    internal TestSegment Home { get; }

    /// <summary>The same home, of which another epoch is certified where it goes on differently.</summary>
    internal TestSegment Fork { get; }

    internal ManualTimeProvider Time { get; }

    internal ServingContext Context { get; }

    internal StateKeeper Keeper { get; }

    internal HomeVerifier Verifier { get; }

    internal HomeBook Homes { get; }

    internal EvidenceBook Book { get; }

    /// <summary>Serves the newest epoch.</summary>
    internal void Serve() => Context.Views.Publish(TestView.Of(Own, TestSegmentOptions.Start + 10_000));

    /// <summary>An anchor of eu1 asks.</summary>
    internal Refusal? Ask() => Ask(Home.Chain);

    /// <summary>The same, with a chain that it shows.</summary>
    internal Refusal? Ask(IEnumerable<EpochDocument> chain) => Homes.Learn(
        Home.Tls(0).Key.Kid, Home.Genesis, Own.Name, [.. chain.Select(WireWriter.ToMessage)], [],
        Context.Views.Current!, out _);

    /// <summary>Two certified seals of one slot.</summary>
    internal static Contradiction Certificates(TestSegment segment) => new(
        ContradictionKind.Certificates, segment.Genesis, segment.Certify(SealOf(segment, "a")),
        segment.Certify(SealOf(segment, "b")));

    /// <summary>Two seals of one slot by one anchor.</summary>
    internal static Contradiction Votes(TestSegment segment, int anchor) => new(
        ContradictionKind.SealVotes, segment.Genesis,
        Envelope.Sign(SealOf(segment, "a"), segment.Seal(anchor)),
        Envelope.Sign(SealOf(segment, "b"), segment.Seal(anchor)));

    public async ValueTask DisposeAsync()
    {
        await Keeper.DisposeAsync();
        Context.Subjects.Dispose();
        _identity.Dispose();
    }

    private static TestSegment Eu1(IReadOnlyList<IpEndpoint>? at) => new(new TestSegmentOptions
    {
        Name = "eu1.internal",
        FirstKey = 300,
        Genesis = epoch => at is null ? epoch : epoch with
        {
            Anchors = [.. epoch.Anchors.Select((anchor, i) => anchor with { Endpoints = [at[i % at.Count]] })],
        },
    })
    {
        IsNamedByAll = at is { Count: > 1 },
    };

    private static Parsed<Seal> SealOf(TestSegment segment, string root) => segment.SealOf(
        Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(root)), 1, 7_000, TestSegmentOptions.Start);
}
