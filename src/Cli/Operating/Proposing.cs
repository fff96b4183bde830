using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using EpochProposal = Fairlead.Naming.Operations.EpochProposal;

namespace Fairlead.Cli.Operating;

/// <summary>
/// Proposes an operation: builds it on the anchor's newest epoch, shows what it changes and what it would do, and
/// proposes it with this operator's approval. Pure but for the socket.
/// </summary>
internal static class Proposing
{
    /// <exception cref="CliException">2 for what cannot be built, 5 for what the anchor refuses, 6 without an
    /// anchor.</exception>
    internal static async Task RunAsync(
        ProposeOptions options, BuildOperation build, TimeProvider time, TextWriter output,
        CancellationToken cancellationToken)
    {
        var session = new OperatorSession(options.Socket);
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            var proposal = build(ground, time.GetUtcNow().ToUnixTimeMilliseconds(), out var refusal)
                ?? throw new CliException(ExitCode.Usage, $"{refusal}");
            var wire = ProposalWire.Write(proposal);
            var effect = await session.CallAsync(
                OperatorMethods.Try, new TryRequest { Proposal = wire }, cancellationToken).ConfigureAwait(false);
            var view = ViewOf(ground, proposal, effect);
            if (!options.IsJson)
            {
                view.WriteText(output);
            }

            if (!options.IsDryRun)
            {
                await RefuseTwiceAsync(session, ground, view, proposal, cancellationToken).ConfigureAwait(false);
                await session.CallAsync(
                    OperatorMethods.Propose, new ProposeRequest { Proposal = wire, Approve = true }, cancellationToken)
                    .ConfigureAwait(false);
            }

            Report(options, view, ground.Epoch.Value.Quorum.TGov, output);
        }
    }

    // Each proposal draws new openings and has its own times, so that an anchor takes the same change twice for two.
    // What waits and cannot be read, as from an anchor of a later version, is another one.
    private static async Task RefuseTwiceAsync(
        OperatorSession session, EpochGround ground, OperationView view, EpochProposal proposal,
        CancellationToken cancellationToken)
    {
        var waiting = await Deciding.WaitingAsync(session, cancellationToken).ConfigureAwait(false);
        var lines = EpochDiff.TimelessLines(ground, proposal);
        foreach (var other in waiting.Operations.Select(one => ProposalWire.Read(one.Proposal)).OfType<EpochProposal>())
        {
            if (Document.TryParse<Epoch>(other.Epoch, out var epoch, out _)
                && epoch.Value.Op.Type == view.Epoch.Value.Op.Type
                && EpochDiff.TimelessLines(ground, other).SequenceEqual(lines))
            {
                throw new CliException(
                    ExitCode.Usage,
                    $"the same waits already: fairlead approve {epoch.Digest}, or withdraw it first");
            }
        }
    }

    /// <summary>An operation as operators look at it.</summary>
    /// <exception cref="CliException">The anchor shows what is no epoch.</exception>
    internal static OperationView ViewOf(EpochGround ground, EpochProposal proposal, OperationEffect effect) =>
        Document.TryParse<Epoch>(proposal.Epoch, out var epoch, out var refusal)
            ? new OperationView(
                epoch,
                EpochDiff.Lines(ground, proposal),
                RuleLines.Of(EpochDiff.Rules(ground, proposal), effect),
                effect)
            : throw new CliException(ExitCode.Refused, $"{refusal}");

    /// <summary>A child that another operator handed over; the label is that of its name.</summary>
    /// <exception cref="CliException">It is no child's file.</exception>
    internal static JoiningChild Child(EpochGround ground, string path, Terms? terms)
    {
        var child = PeerFile.Read(path);
        return child.Name.Parent == ground.Names[0]
            ? new JoiningChild(child.Name.Label, child.Genesis, child.Floor, child.Endpoints, terms)
            : throw new CliException(
                ExitCode.Usage, $"{path}: {child.Name} is no child of {ground.Names[0]}");
    }

    /// <summary>A parent that another operator handed over; the label is that of the own name.</summary>
    internal static Uplink Parent(EpochGround ground, string path)
    {
        var parent = PeerFile.Read(path);
        var own = ground.Names[0];
        return own.Parent == parent.Name
            ? new Uplink
            {
                Endpoints = parent.Endpoints, Floor = parent.Floor, Label = own.Label, Parent = parent.Genesis,
            }
            : throw new CliException(ExitCode.Usage, $"{path}: {parent.Name} is not the parent of {own}");
    }

    private static void Report(ProposeOptions options, OperationView view, long threshold, TextWriter output)
    {
        if (options.IsJson)
        {
            output.WriteLine(JsonText.Object(json =>
            {
                view.WriteJson(json);
                json.WriteBoolean("proposed", !options.IsDryRun);
                json.WriteNumber("threshold", threshold);
            }));
        }
        else
        {
            output.WriteLine(options.IsDryRun
                ? "dry run: nothing is proposed; a proposal has a digest of its own"
                : $"proposed and approved here; {threshold} anchors have to: fairlead approve {view.Epoch.Digest}");
        }
    }
}
