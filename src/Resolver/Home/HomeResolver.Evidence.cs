using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using V1 = Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Home;

/// <content>Evidence of misused keys (V38): told to the home's anchors, and heard from them. On the resolver's
/// task.</content>
public sealed partial class HomeResolver
{
    // An answer proves one thing of one segment; more at once is a flood of somebody's making.
    private const int ReportsMax = 8;

    private int _reports;

    // To one anchor more than may lie: one of them passes it on. On connections of their own: a session may end by just
    // what is told, and would take the word with it.
    private void Report(Contradiction evidence)
    {
        if (Memory.State.HomeState is not { } home || Volatile.Read(ref _reports) >= ReportsMax)
        {
            return;
        }

        var proof = _options.Proof?.Current;
        var count = (int)Math.Min(home.Newest.Value.Quorum.F + 1, _anchors.Length);
        var clients = Enumerable.Range(0, _anchors.Length).OrderBy(anchor => _sessions.ContainsKey(anchor) ? 0 : 1)
            .Take(count).Select(anchor => _options.Connect(_anchors[anchor], proof, home)).ToList();
        Interlocked.Increment(ref _reports);
        _leaving.RemoveAll(task => task.IsCompleted);
        _leaving.Add(ReportAsync(clients, evidence));
    }

    private async Task ReportAsync(List<AnchorClient> clients, Contradiction evidence)
    {
        await Task.WhenAll(clients.Select(client => ReportAsync(client, evidence))).ConfigureAwait(false);
        Interlocked.Decrement(ref _reports);
    }

    private async Task ReportAsync(AnchorClient client, Contradiction evidence)
    {
        await using var own = client.ConfigureAwait(false);
        try
        {
            await client.ReportAsync(evidence, _stop.Token).ConfigureAwait(false);
        }
        catch (RpcException e) when (!_stop.IsCancellationRequested)
        {
            Troubles.Note(client.Endpoint.Text, "", HomeMeeting.Describe(e, client.Endpoint).At("report"));
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or ObjectDisposedException)
        {
            // The resolver ends.
        }
    }

    // Who tells of evidence that is none lies. One of an epoch that is not the newest here came too early or too late.
    private void Hear(AnchorSession session, V1.Evidence told)
    {
        var refusal = ++session.Told > Limits.EvidencePieces
            ? new Refusal(
                VerificationFailure.RateLimited, session.Endpoint.Text,
                $"more than {Limits.EvidencePieces} pieces of evidence")
            : WireReader.TryRead(told, out var evidence, out var malformed) ? Memory.Take(evidence) : malformed;
        if (refusal is null or { Failure: VerificationFailure.EvidenceStale or VerificationFailure.EpochUnknown })
        {
            return;
        }

        Troubles.Note(session.Endpoint.Text, "", refusal);
        if (refusal.Failure != VerificationFailure.StateNotDurable)
        {
            Lose(session, refusal);
        }
    }
}
