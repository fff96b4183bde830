using System.Globalization;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Bench;

/// <summary>A segment of four anchors with any number of published records. Used on one thread.</summary>
internal sealed class ManyRecords
{
    private readonly TestSegment _segment = new(new TestSegmentOptions { Name = "us1.internal", FirstKey = 200 });
    private readonly LoadingCheck _check = new();
    private readonly List<SignedEntry> _entries;

    public ManyRecords(int count)
    {
        var peer = new TestSegment(new TestSegmentOptions { Name = "eu1.internal" });
        _segment.PeerWith(peer);
        Now = _segment.Newest.Value.Issued + 10_000;
        _entries = [.. Enumerable.Range(0, count).Select(i => Unsigned(NameOf(i)))];
        DocumentBytes = count == 0
            ? 0
            : _entries.Select(entry => entry.Document)
                .Average(document => document.Payload.Length + (double)document.Signatures[0].Value.Length);
    }

    public long Now { get; }

    /// <summary>The mean size of a published document with its signature.</summary>
    public double DocumentBytes { get; }

    public IReadOnlyList<string> Anchors => [.. _segment.Newest.Value.Anchors.Select(anchor => anchor.Id)];

    public static string NameOf(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"svc-{number:d6}.team-{number % 100:d2}.svc");

    /// <summary>An engine that stands on all the records, as after the handover of an epoch that had them.</summary>
    public SealEngine Engine(int anchor)
    {
        var handover = _segment.Handover(0, default, 1 + _entries.Count);
        _check.IsLoading = true;
        try
        {
            return new SealEngine(
                new SealEngineOptions
                {
                    Self = Anchors[anchor],
                    Genesis = _segment.Genesis,
                    Epoch = _segment.Newest,
                    OperationLeaves = _segment.Leaves,
                    Handover = handover.Value,
                    HandoverDigest = handover.Digest,
                    HandoverEntries = _entries,
                    Signer = _segment.Seal(anchor),
                    Signatures = _check,
                },
                Now);
        }
        finally
        {
            _check.IsLoading = false;
        }
    }

    /// <summary>A new version of a record, really signed.</summary>
    public SignedEntry Change(int number, long version)
    {
        var record = Document.Make(TestLeaves.Record(_segment, NameOf(number), version));
        return new SignedEntry("record", Envelope.Sign(record, _segment.Publisher), []);
    }

    // A publisher's signature is checked once, when the entry comes in; 100,000 of them are not what is measured.
    private SignedEntry Unsigned(string name)
    {
        var record = Document.Make(TestLeaves.Record(_segment, name, _segment.Newest.Value.Issued));
        var signature = new SignatureEntry(_segment.Publisher.Key.Kid, new byte[64]);
        return new SignedEntry("record", new Envelope(record.Payload, [signature]), []);
    }

    private sealed class LoadingCheck : ISignatureCheck
    {
        private readonly EcdsaSignatureCheck _real = new();

        public bool IsLoading { get; set; }

        public Refusal? Check(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature) =>
            IsLoading ? null : _real.Check(key, digest, signature);
    }
}
