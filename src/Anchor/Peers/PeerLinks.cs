using System.Collections.Immutable;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// The outgoing connections to the other anchors of the segment's newest epoch. A new epoch closes those whose anchor,
/// key or address it does not name any more, and opens those that it names anew (V63). Thread-safe; one owner follows.
/// </summary>
internal sealed class PeerLinks(
    string self, TlsIdentity identity, TimeProvider time, ILogger logger, Action<string, bool> connected)
    : IAsyncDisposable
{
    private readonly List<Task> _closing = [];
    private volatile ImmutableArrayBox _links = new([]);

    /// <summary>The connections, each to one anchor.</summary>
    internal ImmutableArray<PeerLink> All => _links.Links;

    /// <summary>Connects to the anchors of an epoch, and to no others.</summary>
    internal void Follow(Epoch epoch)
    {
        var others = epoch.Anchors.Where(anchor => anchor.Id != self).ToList();
        var kept = All.Where(link => others.Exists(link.Serves)).ToList();
        foreach (var gone in All.Except(kept))
        {
            _closing.Add(gone.DisposeAsync().AsTask());
        }

        _links = new(
        [
            .. kept,
            .. others.Where(anchor => !kept.Exists(link => link.Serves(anchor))).Select(anchor => new PeerLink(
                anchor, identity, time, logger, isConnected => connected(anchor.Id, isConnected))),
        ]);
        _closing.RemoveAll(task => task.IsCompletedSuccessfully);
    }

    /// <summary>The connection to an anchor; null for none.</summary>
    internal PeerLink? Find(string anchor) => All.FirstOrDefault(link => link.Id == anchor);

    /// <summary>Sends to one anchor; may be lost.</summary>
    internal void Send(string anchor, SegmentMessage message) => Find(anchor)?.Send(message);

    /// <summary>Sends to all; may be lost.</summary>
    internal void Broadcast(SegmentMessage message)
    {
        foreach (var link in All)
        {
            link.Send(message);
        }
    }

    /// <summary>Tells each anchor that is connected of evidence (V38).</summary>
    /// <exception cref="RpcException">One of them refuses.</exception>
    internal Task ReportAsync(Contradiction evidence, CancellationToken cancellationToken) =>
        Task.WhenAll(All.Select(link => link.ReportAsync(evidence, cancellationToken)));

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll([.. _closing, .. All.Select(link => link.DisposeAsync().AsTask())]).ConfigureAwait(false);

    private sealed record ImmutableArrayBox(ImmutableArray<PeerLink> Links);
}
