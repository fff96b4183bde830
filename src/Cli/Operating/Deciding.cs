using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Cli.Operating;

/// <summary>Shows what waits, and approves it.</summary>
internal static class Deciding
{
    private const int PrefixMin = 8;

    /// <exception cref="CliException">5 for what the anchor refuses, 6 without an anchor.</exception>
    internal static async Task ProposalsAsync(
        string socket, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var waiting = await session.CallAsync(OperatorMethods.Proposals, new ProposalsRequest(), cancellationToken)
                .ConfigureAwait(false);
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
        if (digest.Length is < PrefixMin or > 64 || digest.Any(c => !char.IsAsciiHexDigitLower(c)))
        {
            throw new CliException(
                ExitCode.Usage, $"'{digest}' is no digest; give at least {PrefixMin} of its 64 lower-hex digits");
        }

        var session = new OperatorSession(socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var waiting = await session.CallAsync(OperatorMethods.Proposals, new ProposalsRequest(), cancellationToken)
                .ConfigureAwait(false);
            var found = waiting.Operations.Select(one => View(ground, one))
                .Where(one => one.Epoch.Digest.ToString().StartsWith(digest, StringComparison.Ordinal)).ToList();
            if (found is not [var view])
            {
                throw new CliException(
                    ExitCode.Usage,
                    found.Count == 0
                        ? $"no operation {digest} waits here; see: fairlead proposals"
                        : $"{digest} begins {found.Count} digests; give more of it");
            }

            var approved = await session.CallAsync(
                OperatorMethods.Approve,
                new ApproveRequest { Digest = WireWriter.ToBytes(view.Epoch.Digest) },
                cancellationToken).ConfigureAwait(false);
            Report(view, approved, isJson, output);
        }
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
