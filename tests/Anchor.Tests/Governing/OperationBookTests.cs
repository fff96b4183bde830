using Fairlead.Anchor.Governing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>What an anchor knows of its operator's operations after a restart.</summary>
public sealed class OperationBookTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-operations-").FullName;
    private readonly TestSegment _segment = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Who was away when an operation was taken back hears so from its proposer, also where that started anew
    /// since, and where an epoch came in between; and no start brings it back.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Withdrawal_IsToldAfterARestartToo(bool isOvertaken)
    {
        var ground = Ground();
        var (waiting, gone) = (Proposal(ground, "waits"), Proposal(ground, "goes"));
        var (engine, book) = (Engine(ground, [], []), Book());
        Step(engine, book, new EpochInput.Submit(1, waiting));
        Step(engine, book, new EpochInput.Submit(2, gone));
        Step(engine, book, new EpochInput.TakeBack(3, DigestOf(gone)));
        Assert.Equal(DigestOf(waiting), DigestOf(Assert.Single(Book().Load(ground, null).Queue).Proposal));

        var before = isOvertaken ? ground : null;
        if (isOvertaken)
        {
            _segment.Advance(OpType.Renew);
            ground = ground with { Epoch = _segment.Newest };
        }

        var (queue, takenBack) = Book().Load(ground, before);
        Assert.Single(queue);
        var digest = DigestOf(Assert.Single(takenBack));
        Assert.Equal(!isOvertaken, digest == DigestOf(gone));

        var restarted = Engine(ground, queue, takenBack);
        Assert.Equal([digest], Told(restarted.Step(new SegmentInput.Connected("us1-b"), Now)));
        Assert.Equal(1, restarted.Epochs.Waiting);

        // And so after the next one.
        book = Book();
        Step(restarted, book, new EpochInput.Submit(4, Proposal(ground, "more")));
        Assert.Equal(digest, DigestOf(Assert.Single(Book().Load(ground, null).TakenBack)));
    }

    private static long Now => TestSegmentOptions.Start + 5_000;

    private static void Step(SegmentEngine engine, OperationBook book, EpochInput input)
    {
        foreach (var output in engine.Step(new SegmentInput.OfOperator(input), Now).OfType<SegmentOutput.OfEpochs>())
        {
            book.Hear(output.Output);
        }

        book.Keep(engine);
    }

    private static IEnumerable<Digest> Told(IReadOnlyList<SegmentOutput> outputs) => outputs
        .OfType<SegmentOutput.Send>().Select(send => send.Message).OfType<SegmentMessage.Governing>()
        .Select(message => message.Message).OfType<EpochMessage.Status>().Last().TakenBack;

    private static Digest DigestOf(EpochProposal proposal) => Epoch.Type.DigestOf(proposal.Epoch.Span);

    private static EpochProposal Proposal(EpochGround ground, string rule) => PolicyOperation.Build(
        ground,
        new PolicyRequest
        {
            Rules =
            [
                new Rule
                {
                    Effect = RuleEffect.Deny,
                    Id = rule,
                    Made = 0,
                    Names = [NamePattern.Parse("*.svc")],
                    Opening = default,
                    Subjects = [new RuleSubject { Segment = "*" }],
                },
            ],
        },
        Now,
        () => TestSegment.Bytes16(rule),
        out var refusal) ?? throw new InvalidOperationException(refusal!.ToString());

    private OperationBook Book() => new("us1-a", _folder, NullLogger.Instance);

    private SegmentEngine Engine(
        EpochGround ground, IReadOnlyList<QueuedOperation> queue, IReadOnlyList<EpochProposal> takenBack) => new(
        new SegmentEngineOptions
        {
            Self = "us1-a",
            Ground = ground,
            Seal = _segment.Seal(0),
            Gov = _segment.Gov(0),
            Openings = static () => default,
            Queue = queue,
            TakenBack = takenBack,
        },
        Now);

    private EpochGround Ground() => new(
        _segment.Genesis,
        _segment.Newest,
        OperationLeaves.Derive(
            _segment.Name,
            [.. _segment.Chain],
            [.. _segment.Manifests.Select(manifest => manifest!.Payload)],
            [[.. _segment.Leaves.Select(leaf => (leaf.Class, leaf.Payload))]],
            out _)![^1],
        [_segment.Name]);
}
