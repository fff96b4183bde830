using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// Gathers what an operation changes and makes the candidate epoch, manifest and leaves of it. Used on one thread.
/// </summary>
internal sealed class CandidateDraft(EpochGround ground, long now, Func<Hex16> openings)
{
    private readonly SortedDictionary<(LeafClass Class, string Name), ParsedLeaf?> _changes =
        new(Comparer<(LeafClass Class, string Name)>.Create(static (one, two) => one.Class != two.Class
            ? one.Class.CompareTo(two.Class)
            : string.CompareOrdinal(one.Name, two.Name)));

    internal EpochGround Ground => ground;

    internal long Issued { get; } = Math.Max(now, ground.Epoch.Value.Issued);

    internal IEnumerable<T> Held<T>()
        where T : OpMadeLeaf =>
        ground.Leaves.Leaves.Values.Select(leaf => leaf.Document).OfType<T>();

    /// <summary>Writes a leaf, unless the segment holds it already; <c>made</c> and <c>opening</c> are set
    /// here.</summary>
    internal void Put<T>(T document)
        where T : OpMadeLeaf, IDocument<T>
    {
        var key = (document.Class, document.LeafName);
        if (ground.Leaves.Leaves.GetValueOrDefault(key)?.Document is T held
            && Document.Make((T)(document with { Made = held.Made, Opening = held.Opening })).Digest
                == Document.Make(held).Digest)
        {
            _changes.Remove(key);
            return;
        }

        _changes[key] = ParsedLeaf.Of(Document.Make((T)(document with { Made = ground.Next, Opening = openings() })));
    }

    /// <summary>
    /// Writes a leaf of another candidate as this one's: the same document but for the epoch that made it. Its opening
    /// hid one document, and now hides one that says the same.
    /// </summary>
    internal void Keep(ParsedLeaf leaf)
    {
        OpMadeLeaf document = leaf.Document switch
        {
            Link link => link with { Made = ground.Next },
            Peer peer => peer with { Made = ground.Next },
            Rule rule => rule with { Made = ground.Next },
            Credential credential => credential with { Made = ground.Next },
            Tombstone tombstone => tombstone with { Made = ground.Next },
            Redirect redirect => redirect with { Made = ground.Next },
            Scope scope => scope with { Made = ground.Next },
            _ => throw new ArgumentException($"no operation makes a {leaf.Class}", nameof(leaf)),
        };
        _changes[(leaf.Class, leaf.Name)] =
            ParsedLeaf.TryParse(leaf.Class, document.Encode(), out var made, out var refusal)
                ? made
                : throw new InvalidOperationException(refusal.ToString());
    }

    /// <summary>Removes a leaf; false where there is none.</summary>
    internal bool Remove(LeafClass leafClass, string name)
    {
        if (!ground.Leaves.Leaves.ContainsKey((leafClass, name)))
        {
            return false;
        }

        _changes[(leafClass, name)] = null;
        return true;
    }

    /// <summary>The proposal; <c>OpMismatch</c> where nothing would change but the epoch's times. It lives as long as
    /// the epoch before, or <paramref name="life"/> ms.</summary>
    internal EpochProposal? Build(
        string op, Func<Epoch, Epoch>? change, bool mayBeEmpty, out Refusal? refusal, long? life = null)
    {
        var before = ground.Epoch.Value;
        var changed = change?.Invoke(before) ?? before;
        refusal = null;
        if (!mayBeEmpty && _changes.Count == 0
            && changed.Encode().AsSpan().SequenceEqual(before.Encode()))
        {
            refusal = new Refusal(VerificationFailure.OpMismatch, "request", $"{op} that changes nothing");
            return null;
        }

        var manifest = _changes.Count == 0 ? null : Document.Make(new Manifest
        {
            Changes =
            [
                .. _changes.Select(one => new ManifestChange
                {
                    Class = (long)one.Key.Class, Digest = one.Value?.Commitment, Name = one.Key.Name,
                }),
            ],
        });
        var epoch = Document.Make(changed with
        {
            Number = ground.Next,
            Prev = ground.Epoch.Digest,
            Segment = ground.Genesis,
            Issued = Issued,
            Expires = Issued + (life ?? ground.Life),
            Effective = null,
            Op = new EpochOp { Type = op, Manifest = manifest?.Digest },
            Policy = changed.Policy with { Rules = Rules() },
        });
        return new EpochProposal(
            epoch.Payload,
            manifest?.Payload ?? ReadOnlyMemory<byte>.Empty,
            [.. _changes.Values.OfType<ParsedLeaf>().Select(leaf => new ProposedLeaf(leaf.Class, leaf.Payload))],
            Envelope.None,
            Envelope.None);
    }

    private Digest? Rules()
    {
        var rules = ground.Leaves.Leaves
            .Where(leaf => leaf.Key.Class == LeafClass.Rule && !_changes.ContainsKey(leaf.Key))
            .Select(leaf => leaf.Value.Commitment)
            .Concat(_changes.Values.OfType<ParsedLeaf>()
                .Where(leaf => leaf.Class == LeafClass.Rule).Select(leaf => leaf.Commitment))
            .ToList();
        return rules.Count == 0 ? null : Hashes.Rules(rules);
    }
}
