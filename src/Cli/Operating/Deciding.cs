using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Cli.Operating;

/// <summary>Shows what waits, approves it, and takes it back.</summary>
internal static class Deciding
{
    private const int PrefixMin = 8;
    private const int DigestsPerCall = 256;

    /// <exception cref="CliException">5 for what the anchor refuses, 6 without an anchor.</exception>
    internal static async Task ProposalsAsync(
        string socket, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var waiting = await WaitingAsync(session, cancellationToken).ConfigureAwait(false);
            if (isJson)
            {
                output.WriteLine(JsonText.Object(json =>
                {
                    json.WriteNumber("epoch", waiting.Epoch);
                    json.WriteNumber("threshold", waiting.Threshold);
                    json.WriteStartArray("proposals");
                    foreach (var one in waiting.Operations)
                    {
                        json.WriteStartObject();
                        View(ground, one).WriteJson(json);
                        json.WriteString("source", one.Source);
                        json.WriteBoolean("approved", one.Approved);
                        json.WriteStartArray("supporters");
                        one.Supporters.ToList().ForEach(json.WriteStringValue);
                        json.WriteEndArray();
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                }));
                return;
            }

            output.WriteLine($"newest epoch {waiting.Epoch}, {waiting.Operations.Count} waiting");
            foreach (var one in waiting.Operations)
            {
                output.WriteLine();
                View(ground, one).WriteText(output);
                output.WriteLine(
                    $"  from {one.Source}, {(one.Approved ? "approved" : "NOT approved")} here; "
                    + $"{one.Supporters.Count} of {waiting.Threshold} would decide for it: "
                    + $"{string.Join(' ', one.Supporters)}");
            }
        }
    }

    /// <exception cref="CliException">2 for a digest of nothing that waits, 5 for what the anchor refuses, 6 without an
    /// anchor.</exception>
    internal static async Task ApproveAsync(
        string socket, string digest, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        CheckDigest(digest);
        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var view = View(ground, await FindAsync(session, digest, cancellationToken).ConfigureAwait(false));
            var approved = await session.CallAsync(
                OperatorMethods.Approve,
                new ApproveRequest { Digest = WireWriter.ToBytes(view.Epoch.Digest) },
                cancellationToken).ConfigureAwait(false);
            Report(view, approved, isJson, output);
        }
    }

    /// <exception cref="CliException">2 for a digest of nothing that waits, 5 for what is bound or not this operator's,
    /// 6 without an anchor.</exception>
    internal static async Task WithdrawAsync(
        string socket, string digest, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        CheckDigest(digest);
        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var found = await FindAsync(session, digest, cancellationToken).ConfigureAwait(false);
            var taken = await session.CallAsync(
                OperatorMethods.Withdraw, new WithdrawRequest { Digest = found.Digest }, cancellationToken)
                .ConfigureAwait(false);
            var voters = string.Join(' ', taken.Voters);
            if (!taken.Proposal && !taken.Approval)
            {
                throw new CliException(
                    ExitCode.Refused,
                    taken.Voters.Contains(taken.Self)
                        ? $"nothing is taken back: {taken.Self} voted for it already, and a vote binds; voted: {voters}"
                        : taken.Voters.Count > 0
                            ? $"nothing is taken back: it is not approved here, and it may be decided; voted: {voters}"
                            : $"nothing is taken back: it is from {found.Source} and not approved here");
            }

            Report(found, taken, isJson, output);
        }
    }

    private static void Report(WaitingOperation found, WithdrawResponse taken, bool isJson, TextWriter output)
    {
        if (!WireReader.TryRead(found.Digest, out Digest digest, out var refusal))
        {
            throw new CliException(ExitCode.Refused, $"{refusal}");
        }

        if (isJson)
        {
            output.WriteLine(JsonText.Object(json =>
            {
                json.WriteString("digest", digest.ToString());
                json.WriteBoolean("proposal", taken.Proposal);
                json.WriteBoolean("approval", taken.Approval);
                json.WriteStartArray("voters");
                taken.Voters.ToList().ForEach(json.WriteStringValue);
                json.WriteEndArray();
            }));
            return;
        }

        output.WriteLine($"digest {digest}");
        output.WriteLine(
            taken.Proposal ? "the proposal is taken back; the other anchors are told"
            : "the approval is taken back; the operation goes on waiting");
        if (taken.Voters.Count > 0)
        {
            output.WriteLine($"voted for it, and stay bound: {string.Join(' ', taken.Voters)}");
        }
    }

    private static void CheckDigest(string digest)
    {
        if (digest.Length is < PrefixMin or > 64 || digest.Any(c => !char.IsAsciiHexDigitLower(c)))
        {
            throw new CliException(
                ExitCode.Usage, $"'{digest}' is no digest; give at least {PrefixMin} of its 64 lower-hex digits");
        }
    }

    // All that waits, as many messages as that takes.
    internal static async Task<ProposalsResponse> WaitingAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        var all = await session.CallAsync(OperatorMethods.Proposals, new ProposalsRequest(), cancellationToken)
            .ConfigureAwait(false);
        var left = new List<ByteString>(all.Waiting);
        while (left.Count > 0)
        {
            var request = new ProposalsRequest { Digests = { left.Take(DigestsPerCall) } };
            var page = await session.CallAsync(OperatorMethods.Proposals, request, cancellationToken)
                .ConfigureAwait(false);
            all.Operations.AddRange(page.Operations);

            // What waits no more is not shown; what did not fit is asked for again.
            var shown = page.Operations.Select(one => one.Digest).ToHashSet();
            var waits = page.Waiting.ToHashSet();
            var before = left.Count;
            left.RemoveAll(digest => shown.Contains(digest) || !waits.Contains(digest));
            if (left.Count == before)
            {
                throw new CliException(ExitCode.Refused, "the anchor does not show what it says waits");
            }
        }

        return all;
    }

    // Only the one that is meant: whatever else waits does not come in its way.
    private static async Task<WaitingOperation> FindAsync(
        OperatorSession session, string digest, CancellationToken cancellationToken)
    {
        var all = await session.CallAsync(OperatorMethods.Proposals, new ProposalsRequest(), cancellationToken)
            .ConfigureAwait(false);
        var meant = all.Waiting.Where(one =>
            Convert.ToHexStringLower(one.Span).StartsWith(digest, StringComparison.Ordinal)).ToList();
        if (meant.Count > 1)
        {
            throw new CliException(ExitCode.Usage, $"{digest} begins {meant.Count} digests; give more of it");
        }

        var found = meant.Count == 0 ? null : await session.CallAsync(
            OperatorMethods.Proposals, new ProposalsRequest { Digests = { meant } }, cancellationToken)
            .ConfigureAwait(false);
        return found?.Operations.FirstOrDefault() ?? throw new CliException(
            ExitCode.Usage, $"no operation {digest} waits here; see: fairlead proposals");
    }

    private static void Report(OperationView view, ApproveResponse approved, bool isJson, TextWriter output)
    {
        if (isJson)
        {
            output.WriteLine(JsonText.Object(json =>
            {
                view.WriteJson(json);
                json.WriteNumber("threshold", approved.Threshold);
                json.WriteStartArray("supporters");
                approved.Supporters.ToList().ForEach(json.WriteStringValue);
                json.WriteEndArray();
            }));
            return;
        }

        view.WriteText(output);
        output.WriteLine($"approved; {approved.Threshold} anchors have to");
    }

    private static OperationView View(EpochGround ground, WaitingOperation one) =>
        ProposalWire.Read(one.Proposal) is { } proposal
            ? Proposing.ViewOf(ground, proposal, one.Effect ?? new OperationEffect())
            : throw new CliException(ExitCode.Refused, "BadEnvelope: the anchor shows what is no proposal");
}
