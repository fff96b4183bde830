using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// The op-made leaves of a segment: exactly what the manifests of its epoch chain say, equal in every seal of one epoch
/// (4.1, V44). Immutable, thread-safe.
/// </summary>
public sealed class OperationLeaves
{
    private OperationLeaves(ImmutableSortedDictionary<(LeafClass Class, string Name), ParsedLeaf> leaves) =>
        Leaves = leaves;

    /// <summary>No leaf: before the genesis.</summary>
    public static OperationLeaves None { get; } =
        new(ImmutableSortedDictionary.Create<(LeafClass Class, string Name), ParsedLeaf>(Order.Instance));

    /// <summary>The leaves by class, then name.</summary>
    public ImmutableSortedDictionary<(LeafClass Class, string Name), ParsedLeaf> Leaves { get; }

    /// <summary>
    /// The op-made leaves of every epoch of a whole chain, and whether each step may change what it changes.
    /// </summary>
    /// <param name="name">The segment's name.</param>
    /// <param name="epochs">The epochs from the genesis on, verified by a chain before.</param>
    /// <param name="manifests">Each epoch's manifest; empty where the epoch names none.</param>
    /// <param name="written">The leaves that each manifest writes.</param>
    /// <param name="refusal">
    /// The first error, with the epoch's place: <c>ManifestMismatch</c>, <c>OpMismatch</c>, or one of form.
    /// </param>
    /// <returns>The leaves of each epoch; null where one was refused.</returns>
    public static IReadOnlyList<OperationLeaves>? Derive(
        SegmentName name,
        IReadOnlyList<EpochDocument> epochs,
        IReadOnlyList<ReadOnlyMemory<byte>> manifests,
        IReadOnlyList<ImmutableArray<(LeafClass Class, ReadOnlyMemory<byte> Payload)>> written,
        out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(epochs);
        ArgumentNullException.ThrowIfNull(manifests);
        ArgumentNullException.ThrowIfNull(written);
        if (manifests.Count != epochs.Count || written.Count != epochs.Count)
        {
            refusal = Mismatch(
                $"{manifests.Count} manifests and {written.Count} sets of leaves for {epochs.Count} epochs");
            return null;
        }

        var derived = new List<OperationLeaves>(epochs.Count);
        Epoch? previous = null;
        for (var i = 0; i < epochs.Count; i++)
        {
            if (!Document.TryParse<Epoch>(epochs[i].Payload, out var epoch, out refusal))
            {
                return null;
            }

            var before = i == 0 ? None : derived[^1];
            var after = before.Apply(epoch, manifests[i], written[i], out refusal);
            refusal ??= OpRules.CheckStep(name, previous, epoch.Value, before, after!);
            if (refusal is not null)
            {
                refusal = refusal.At($"epochs[{i}]");
                return null;
            }

            derived.Add(after!);
            previous = epoch.Value;
        }

        refusal = null;
        return derived;
    }

    /// <summary>
    /// The leaves of an epoch as an anchor shows them to its own operator. Only the Rules among them are bound by the
    /// epoch; whatever is built on the others is checked by every anchor against its own.
    /// </summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="leaves">All its op-made leaves.</param>
    /// <param name="refusal"><c>ManifestMismatch</c>, or a form error of a document.</param>
    public static OperationLeaves? Shown(
        Parsed<Epoch> epoch, IEnumerable<(LeafClass Class, ReadOnlyMemory<byte> Payload)> leaves, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(leaves);
        return !Parse(leaves, out var parsed, out refusal) || RulesDiffer(epoch.Value, parsed.Values, out refusal)
            ? null
            : new OperationLeaves(None.Leaves.AddRange(parsed));
    }

    /// <summary>These leaves with an epoch's manifest applied.</summary>
    /// <param name="epoch">The verified epoch.</param>
    /// <param name="manifest">The manifest's payload; empty where the epoch names none.</param>
    /// <param name="written">The leaves that the manifest writes, in any order.</param>
    /// <param name="refusal"><c>ManifestMismatch</c>, or a form error of a document.</param>
    /// <returns>The leaves of the epoch; null where it was refused.</returns>
    public OperationLeaves? Apply(
        Parsed<Epoch> epoch,
        ReadOnlyMemory<byte> manifest,
        IEnumerable<(LeafClass Class, ReadOnlyMemory<byte> Payload)> written,
        out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(written);
        if (!Read(epoch, manifest, out var changes, out refusal) || !Parse(written, out var fresh, out refusal))
        {
            return null;
        }

        var leaves = Leaves.ToBuilder();
        foreach (var change in changes)
        {
            var key = ((LeafClass)change.Class, change.Name);
            if (change.Digest is not { } digest)
            {
                if (!leaves.Remove(key))
                {
                    refusal = Mismatch($"removes {key}, which is not there");
                    return null;
                }
            }
            else if (!fresh.Remove(key, out var leaf) || leaf.Commitment != digest)
            {
                refusal = Mismatch($"names another document for {key} than comes with it");
                return null;
            }
            else if (leaf.Document is not OpMadeLeaf made || made.Made != epoch.Value.Number)
            {
                refusal = Mismatch($"{key} is not a leaf made by epoch {epoch.Value.Number}");
                return null;
            }
            else
            {
                leaves[key] = leaf;
            }
        }

        if (fresh.Count > 0)
        {
            refusal = Mismatch($"{fresh.Count} leaves come with it that it does not name");
            return null;
        }

        return RulesDiffer(epoch.Value, leaves.Values, out refusal) ? null : new OperationLeaves(leaves.ToImmutable());
    }

    private static bool Read(
        Parsed<Epoch> epoch, ReadOnlyMemory<byte> manifest, out ImmutableArray<ManifestChange> changes,
        out Refusal? refusal)
    {
        changes = [];
        refusal = null;
        if (epoch.Value.Op.Manifest is not { } digest)
        {
            refusal = manifest.IsEmpty ? null : Mismatch("the epoch names no manifest");
            return refusal is null;
        }

        if (!Document.TryParse<Manifest>(manifest, out var parsed, out refusal))
        {
            return false;
        }

        refusal = parsed.Digest == digest ? null : Mismatch($"the epoch names manifest {digest}");
        changes = parsed.Value.Changes;
        return refusal is null;
    }

    private static bool Parse(
        IEnumerable<(LeafClass Class, ReadOnlyMemory<byte> Payload)> written,
        out Dictionary<(LeafClass Class, string Name), ParsedLeaf> fresh,
        out Refusal? refusal)
    {
        fresh = [];
        refusal = null;
        foreach (var (kind, payload) in written)
        {
            if (!ParsedLeaf.TryParse(kind, payload, out var leaf, out refusal))
            {
                return false;
            }

            if (!fresh.TryAdd((leaf.Class, leaf.Name), leaf))
            {
                refusal = Mismatch($"{leaf.Class} {leaf.Name} comes twice");
                return false;
            }
        }

        return true;
    }

    // The policy commits to all Rules, so that an Attest's policy digest commits to what decided.
    private static bool RulesDiffer(Epoch epoch, IEnumerable<ParsedLeaf> leaves, out Refusal? refusal)
    {
        var rules = leaves.Where(leaf => leaf.Class == LeafClass.Rule).Select(leaf => leaf.Commitment).ToList();
        Digest? expected = rules.Count == 0 ? null : Hashes.Rules(rules);
        refusal = epoch.Policy.Rules == expected
            ? null
            : Mismatch("the policy's rules digest is not that of the Rule leaves");
        return refusal is not null;
    }

    private static Refusal Mismatch(string detail) => new(VerificationFailure.ManifestMismatch, "manifest", detail);

    private sealed class Order : IComparer<(LeafClass Class, string Name)>
    {
        internal static Order Instance { get; } = new();

        public int Compare((LeafClass Class, string Name) x, (LeafClass Class, string Name) y) =>
            x.Class != y.Class ? x.Class.CompareTo(y.Class) : string.CompareOrdinal(x.Name, y.Name);
    }
}
