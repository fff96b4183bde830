using System.Net;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Simulator;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>
/// One epoch engine under test, a0 of four unless told otherwise, with the gov keys of all: the test plays the other
/// anchors and the operator. Slot 2 is proposed by a2 in round 0, a3 in round 1, a0 in round 2.
/// </summary>
internal sealed class EpochBench
{
    private long _made;

    internal EpochBench(
        string self = "a0", Func<EpochEngineOptions, EpochEngineOptions>? change = null, bool isReady = true)
    {
        World = new World(new SimulationOptions(1));
        Options = new EpochEngineOptions
        {
            Self = self,
            Ground = World.Segment.Ground,
            Signer = World.Signer($"gov {self}"),
            Openings = Opening,
            Signatures = World.Check,
        };
        Options = change?.Invoke(Options) ?? Options;
        Engine = new EpochEngine(Options, Now);
        Step(new EpochInput.Tick());
        if (isReady)
        {
            Answer("a1", "a2", "a3");
        }
    }

    internal long Now { get; set; } = VirtualTime.Start;

    internal World World { get; }

    internal EpochEngineOptions Options { get; }

    internal EpochEngine Engine { get; }

    internal EpochGround Ground => Options.Ground;

    internal static IpEndpoint Endpoint { get; } = IpEndpoint.Of(IPAddress.Parse("10.0.0.1"), 443);

    internal static Digest Stranger(int number) => Digest.Sha256(BitConverter.GetBytes(number));

    internal Hex16 Opening() => Hex16.FromBytes(Digest.Sha256(BitConverter.GetBytes(_made++)).ToArray().AsSpan(0, 16));

    internal IReadOnlyList<EpochOutput> Step(EpochInput input) => Engine.Step(input, Now);

    internal IReadOnlyList<EpochOutput> Receive(string from, EpochMessage message) =>
        Step(new EpochInput.Receive(from, message));

    internal void Answer(params string[] anchors)
    {
        foreach (var anchor in anchors.Where(a => a != Options.Self))
        {
            Receive(anchor, new EpochMessage.Status(2, 0, false, [], null, [], [], null));
        }
    }

    internal EpochProposal Policy(long maxTtl) => PolicyOperation.Build(
        Ground,
        new PolicyRequest { Policy = Ground.Epoch.Value.Policy with { MaxTtl = maxTtl } },
        Now,
        Opening,
        out _)!;

    /// <summary>An operation with another epoch document than the builder's.</summary>
    internal static EpochProposal Change(EpochProposal proposal, Func<Epoch, Epoch> change) =>
        proposal with { Epoch = Document.Make(change(Read(proposal).Value)).Payload };

    internal static Parsed<Epoch> Read(EpochProposal proposal) =>
        Document.TryParse<Epoch>(proposal.Epoch, out var epoch, out var refusal)
            ? epoch
            : throw new InvalidOperationException(refusal.ToString());

    internal static Digest DigestOf(EpochProposal proposal) => Read(proposal).Digest;

    internal EpochVote Vote(string anchor, string phase, long round, Digest digest, string role = "gov")
    {
        var document = Document.Make(new Vote
        {
            Digest = digest, Epoch = 2, Phase = phase, Round = round, Segment = Ground.Genesis,
        });
        var signer = World.Signer($"{role} {anchor}");
        return new EpochVote(phase, round, digest, new SignatureEntry(signer.Key.Kid, signer.Sign(document.Digest)));
    }

    internal PrepareCertificate Prepared(long round, Digest digest, params string[] anchors) => new(
        round,
        digest,
        [.. anchors.Select(a => Vote(a, VotePhase.Prepare, round, digest).Signature).OrderBy(s => s.Kid)]);

    /// <summary>Lets the engine know an operation that its operator approved.</summary>
    internal Digest Approve(EpochProposal proposal)
    {
        Receive("a1", new EpochMessage.Offer(2, proposal));
        var digest = DigestOf(proposal);
        Step(new EpochInput.Approve(digest));
        return digest;
    }

    /// <summary>Says for the others that they would prepare something.</summary>
    internal IReadOnlyList<EpochOutput> Willing(Digest digest, params string[] anchors)
    {
        IReadOnlyList<EpochOutput> outputs = [];
        foreach (var anchor in anchors)
        {
            outputs = Receive(anchor, new EpochMessage.Status(2, 0, false, [], null, [digest], [digest], null));
        }

        return outputs;
    }

    /// <summary>Who proposes in a round of slot 2.</summary>
    internal static string Proposer(long round) => $"a{(2 + round) % 4}";

    internal static IReadOnlyList<EpochVote> Votes(IReadOnlyList<EpochOutput> outputs) =>
    [
        .. outputs.OfType<EpochOutput.Broadcast>().Select(b => b.Message).OfType<EpochMessage.Vote>()
            .Select(v => v.Ballot),
    ];

    /// <summary>Prepare and commit of one value in a round, with two others.</summary>
    internal IReadOnlyList<EpochOutput> Lock(EpochProposal proposal, long round, string proposer)
    {
        var digest = DigestOf(proposal);
        Receive(proposer, new EpochMessage.Propose(2, round, proposal, null));
        IReadOnlyList<EpochOutput> outputs = [];
        foreach (var anchor in new[] { "a1", "a2", "a3" }.Where(a => a != Options.Self).Take(2))
        {
            outputs = Receive(anchor, new EpochMessage.Vote(2, Vote(anchor, VotePhase.Prepare, round, digest)));
        }

        Assert.Contains(Votes(outputs), v => v.Phase == VotePhase.Commit && v.Digest == digest);
        return outputs;
    }
}
