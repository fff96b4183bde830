using System.Collections.Frozen;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller.Manifests;

/// <summary>From scans of the folder to what should be published: parse, keep the last good state, reconcile. One loop
/// calls it; <see cref="Problems"/> may be read from anywhere.</summary>
internal sealed class ManifestController(ReconcileOptions options, Digest publisher, ILogger logger)
{
    private readonly ManifestFolder _folder = new();
    private readonly ReconcileCache _cache = new();
    private Dictionary<DesiredRecord, RecordContent> _contents = new(ReferenceEqualityComparer.Instance);
    private IReadOnlyDictionary<string, Content> _wanted = FrozenDictionary<string, Content>.Empty;
    private volatile IReadOnlyList<ManifestProblem> _problems = [];

    /// <summary>What is wrong with the manifests now, by location.</summary>
    public IReadOnlyList<ManifestProblem> Problems => _problems;

    /// <summary>Takes a scan and answers with what should be published.</summary>
    public DesiredState Take(ManifestScan scan)
    {
        _folder.Unreadable(scan.Unreadable);

        // What is missing only once the deleted files are taken away was meant to go; what else is missing may stand in
        // a file that is being written, be it one that takes effect because they are.
        var before = _wanted.Keys;
        var deleted = scan.Changes.Where(change => change.Bytes is null)
            .Select(change => change.File).ToHashSet(StringComparer.Ordinal);
        if (_folder.Update(scan.Changes.Where(change => change.Bytes is not null)) && deleted.Count > 0)
        {
            before = Reconcile(_folder.Content).Wanted.Contents.Keys;
        }

        if (deleted.Count > 0)
        {
            before = before.Except(Reconcile(_folder.Without(deleted)).Wanted.Contents.Keys);
        }

        _folder.Update(scan.Changes.Where(change => change.Bytes is null));
        var (wanted, records, problems) = Reconcile(_folder.Content);
        _wanted = wanted.Contents;
        Report([.. _folder.Problems, .. problems]);
        logger.Reconciled(scan.Changes.Count, records);
        return deleted.Count > 0
            ? wanted with { Deleted = before.Except(_wanted.Keys).ToHashSet(StringComparer.Ordinal) }
            : wanted;
    }

    private (DesiredState Wanted, int Records, IEnumerable<ManifestProblem> Problems) Reconcile(
        ManifestContent content)
    {
        var result = Reconciler.Reconcile(content, options, _cache);
        var (sets, heldSets, setProblems) = ImportReconciler.Reconcile(content, options);
        _contents = result.Records.ToDictionary(
            record => record,
            record => _contents.GetValueOrDefault(record) ?? RecordContents.Of(record, publisher),
            (IEqualityComparer<DesiredRecord>)ReferenceEqualityComparer.Instance);
        var contents = _contents.ToDictionary(
            pair => pair.Key.Name, Content (pair) => pair.Value, StringComparer.Ordinal);
        foreach (var leaf in Leaves(content, sets))
        {
            contents[leaf.Name] = leaf;
        }

        var heldGateways = content.Gateways.Where(gateway => gateway.Trouble is not null).ToList();
        var held = result.Held.Concat(heldSets.Select(name => new EntryKey(LeafClass.Set, name).Text))
            .Concat(heldGateways.Select(gateway => new EntryKey(LeafClass.Gateway, gateway.Network).Text));
        return (
            new(contents, held.ToHashSet(StringComparer.Ordinal), _folder.IsComplete),
            result.Records.Count,
            result.Problems.Concat(setProblems).Concat(heldGateways.Select(gateway => gateway.Trouble!)));
    }

    private IEnumerable<Content> Leaves(ManifestContent content, IEnumerable<DesiredSet> sets) =>
    [
        .. sets.Select(set => LeafContents.Of(set, publisher)),
        .. content.TrustBundles.Select(bundle => LeafContents.Of(bundle, publisher)),
        .. content.Gateways.Where(gateway => gateway.Trouble is null)
            .Select(gateway => LeafContents.Of(gateway, publisher)),
    ];

    // Each problem once, when it appears.
    private void Report(IReadOnlyList<ManifestProblem> problems)
    {
        foreach (var problem in problems.Except(_problems))
        {
            logger.ManifestRefused(problem.ToString());
        }

        if (problems.Count == 0 && _problems.Count > 0)
        {
            logger.ManifestsMended();
        }

        _problems = problems;
    }
}
