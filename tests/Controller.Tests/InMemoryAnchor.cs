using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Controller.Tests;

/// <summary>Published leaves that some in-memory anchors share, as if gossip and seals took no time; checked as V45
/// says.
/// </summary>
internal sealed class InMemorySegment(PublicKey publisher)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (Offered Offered, StateLeaf Leaf)> _leaves = new(StringComparer.Ordinal);
    private readonly Channel<string> _changes = Channel.CreateUnbounded<string>();

    public Digest Publisher => publisher.Kid;

    /// <summary>What all that is offered is refused with; null for nothing.</summary>
    public string? Refusing { get; set; }

    /// <summary>When the publisher's Credential ends, unix ms; null where anchors do not say.</summary>
    public long? CredentialEnd { get; set; }

    /// <summary>The longest life that the policy allows, in ms.</summary>
    public long RecordLifeMax { get; set; } = Limits.Day;

    /// <summary>The Credential's leaf; none where anchors do not say.</summary>
    public IEnumerable<StateLeaf> Credentials => CredentialEnd is not { } end ? [] :
    [
        new(LeafClass.Credential, new Credential
        {
            Expires = end, Key = publisher, Made = 0, MaxTtl = 1, Names = [NamePattern.Parse("*.svc")],
            Opening = default, Types = [PublishedType.Record],
        }.Encode()),
    ];

    /// <summary>Names in the order in which they changed, with their state: the barrier of the tests.</summary>
    public ChannelReader<string> Changes => _changes.Reader;

    public IReadOnlyList<StateLeaf> Leaves
    {
        get
        {
            lock (_gate)
            {
                return [.. _leaves.Values.Select(leaf => leaf.Leaf)];
            }
        }
    }

    public Record? RecordOf(string name)
    {
        lock (_gate)
        {
            return _leaves.TryGetValue(name, out var held)
                && Document.TryParse<Record>(held.Leaf.Bytes, out var record, out _) ? record.Value : null;
        }
    }

    public string? Offer(SignedEntry entry)
    {
        lock (_gate)
        {
            return Refusing ?? entry.Type switch
            {
                "record" => OfferRecord(entry),
                "bundle" => OfferLeaf<Bundle>(entry),
                "gateway" => OfferLeaf<Gateway>(entry),
                _ => OfferWithdraw(entry),
            };
        }
    }

    private string? OfferRecord(SignedEntry entry)
    {
        if (!Document.TryParse<Record>(entry.Document.Payload, out var record, out var refusal))
        {
            return refusal.ToString();
        }

        var value = record.Value;
        if (!value.Slices.Select(slice => slice.Digest)
            .SequenceEqual(entry.Slices.Select(slice => Slice.Type.DigestOf(slice.Span))))
        {
            return "SliceMismatch: not those that it names";
        }

        var leaf = new StateLeaf(LeafClass.Record, entry.Document.Payload);
        return Take(entry, new(value.Name.Text, value.Version, value.Uid, value.Issued, value.Expires)
        {
            Digest = record.Digest, Signer = value.Publisher,
        }, leaf);
    }

    private string? OfferLeaf<T>(SignedEntry entry)
        where T : PublishedLeaf, IDocument<T>
    {
        if (!Document.TryParse<T>(entry.Document.Payload, out var leaf, out var refusal))
        {
            return refusal.ToString();
        }

        var value = leaf.Value;
        var name = new EntryKey(value.Class, value.LeafName).Text;
        var state = new StateLeaf(value.Class, entry.Document.Payload);
        return Take(entry, new(name, value.Version, default, value.Issued, value.Expires)
        {
            Digest = leaf.Digest, Signer = value.Publisher,
        }, state);
    }

    private string? OfferWithdraw(SignedEntry entry)
    {
        if (!Document.TryParse<Withdraw>(entry.Document.Payload, out var withdraw, out var refusal))
        {
            return refusal.ToString();
        }

        var value = withdraw.Value;
        var withdrawn = new Withdrawn
        {
            Expires = value.Expires,
            Name = value.Name,
            Of = withdraw.Digest,
            OfClass = value.Class,
            Opening = value.Opening,
            Uid = value.Uid,
            Version = value.Version,
        };
        var leaf = new StateLeaf(LeafClass.Withdrawn, withdrawn.Encode());
        if (value.Uid.HasValue != (value.Class == (long)LeafClass.Record))
        {
            return "NonCanonicalPayload: its uid is odd";
        }

        var name = new EntryKey((LeafClass)value.Class, value.Name).Text;
        return Take(entry, new(name, value.Version, value.Uid ?? default, value.Issued, value.Expires)
        {
            Digest = withdraw.Digest, Signer = value.Publisher,
        }, leaf);
    }

    private string? Take(SignedEntry entry, Offered offered, StateLeaf leaf)
    {
        var signature = Assert.Single(entry.Document.Signatures);
        if (offered.Signer != publisher.Kid || signature.Kid != publisher.Kid
            || publisher.Verify(offered.Digest, signature.Value.Span) is not null)
        {
            return "BadSignature: not the publisher's";
        }

        var isHeld = _leaves.TryGetValue(offered.Name, out var held);
        if (isHeld && held.Leaf.Bytes.Span.SequenceEqual(leaf.Bytes.Span))
        {
            return null;
        }

        if ((isHeld ? CheckAgainst(offered, held.Offered) : null) is { } refusal)
        {
            return refusal;
        }

        if (!EndsInTime(offered, isHeld ? held.Offered : null))
        {
            return $"PolicyOutOfRange: issued at {offered.Issued}, ends at {offered.Expires}";
        }

        _leaves[offered.Name] = (offered, leaf with { Source = entry.Document, Slices = entry.Slices });
        _changes.Writer.TryWrite($"{offered.Name} {leaf.Class}");
        return null;
    }

    private static string? CheckAgainst(Offered offered, Offered held) =>
        offered.Version <= held.Version ? $"RecordRollback: {offered.Version} after {held.Version}"
        : offered.Expires < held.Expires ? $"RecordRollback: ends at {offered.Expires}, before {held.Expires}"
        : offered.Uid != held.Uid ? "UidChanged: another uid"
        : null;

    // As policy and Credential allow it, or as its name did already, of no older issue.
    private bool EndsInTime(Offered offered, Offered? held) => offered.Expires > offered.Issued
        && offered.Expires - offered.Issued <= Limits.RecordLifeMax
        && (offered.Expires <= Math.Min(offered.Issued + RecordLifeMax, CredentialEnd ?? long.MaxValue)
            || (held is not null && offered.Issued >= held.Issued && offered.Expires <= held.Expires));

    private sealed record Offered(string Name, long Version, Hex16 Uid, long Issued, long Expires)
    {
        public required Digest Digest { get; init; }

        public required Digest Signer { get; init; }
    }
}

/// <summary>One anchor of a segment in memory; it can be down, or refuse.</summary>
internal sealed class InMemoryAnchor(InMemorySegment segment, int index) : IAnchorPublisher
{
    public volatile bool IsDown;
    public volatile string? Refusal;
    private int _entries;

    public int Entries => Volatile.Read(ref _entries);

    public string Address => $"anchor-{index}";

    public async IAsyncEnumerable<PublishReport> PublishAsync(
        IReadOnlyList<SignedEntry> entries, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        ThrowIfDown();
        Interlocked.Add(ref _entries, entries.Count);
        for (var entry = 0; entry < entries.Count; entry++)
        {
            if ((Refusal ?? segment.Offer(entries[entry])) is { } refusal)
            {
                yield return new(entry, AnchorFate.Refused, refusal);
                continue;
            }

            yield return new(entry, AnchorFate.Accepted, null);
            yield return new(entry, AnchorFate.Sealed, null);
        }
    }

    public Task<IReadOnlyList<StateLeaf>> ReadStateAsync(bool withSources, CancellationToken cancellationToken)
    {
        ThrowIfDown();
        return Task.FromResult<IReadOnlyList<StateLeaf>>(withSources
            ? [.. segment.Credentials, .. segment.Leaves]
            : [.. segment.Credentials, .. segment.Leaves.Select(leaf => leaf with { Source = null, Slices = [] })]);
    }

    private void ThrowIfDown()
    {
        if (IsDown)
        {
            throw new AnchorFailureException("connection refused");
        }
    }
}
