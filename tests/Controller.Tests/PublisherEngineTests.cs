using System.Collections.Frozen;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Tests;

public sealed partial class PublisherEngineTests
{
    private const string A = "a.shop.svc";
    private const string B = "b.shop.svc";
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(5);
    private long _now = 1_000_000;
    private readonly FakeMaker _maker = new();
    private readonly PublisherEngine _engine;

    public PublisherEngineTests() => _engine = Engine(_maker);

    [Fact]
    public void Desire_BeforeState_SignsNothing()
    {
        Assert.Empty(Desire((A, "1")));
        Assert.True(_engine.NeedsState);
        Assert.Empty(_maker.Signed);
        Assert.Equal(2, _engine.Load([], _now).Count);
    }

    [Fact]
    public void Desire_NewName_GoesToFPlusOneAnchorsAndSettles()
    {
        Load();
        var sends = Desire((A, "1"));
        Assert.Equal(2, sends.Select(send => send.Anchor).Distinct().Count());
        var publication = sends[0].Publications[0];
        Assert.Same(publication, sends[1].Publications[0]);
        Assert.Equal("sent", State(A));
        Answer(sends[0].Anchor, publication, AnchorFate.Accepted);
        Assert.Equal("accepted", State(A));
        Answer(sends[0].Anchor, publication, AnchorFate.Sealed);
        Assert.False(_engine.IsSettled);
        Answer(sends[1].Anchor, publication, AnchorFate.Sealed);
        Assert.True(_engine.IsSettled);
        Assert.Equal("sealed", State(A));
    }

    [Fact]
    public void Desire_Unchanged_PublishesNothing()
    {
        Load();
        SealAll(Desire((A, "1"), (B, "1")));
        Assert.Empty(Desire((A, "1"), (B, "1")));
        Assert.Equal(2, _maker.Signed.Count);
        var sends = Desire((A, "1"), (B, "2"));
        Assert.All(sends, send => Assert.Equal(B, Assert.Single(send.Publications).Plan.Name));
    }

    [Fact]
    public void Desire_AfterRestart_ContinuesUidAndVersion()
    {
        var uid = FakeMaker.Uid(99);
        _engine.Load([new(A, uid, _now + 500, _now + 86_400_000, new TextContent(A, "1"))], _now);
        Assert.Empty(Desire((A, "1")));
        var plan = Desire((A, "2"))[0].Publications[0].Plan;
        Assert.Equal((uid, _now + 501), (plan.Uid, plan.Version));
    }

    [Fact]
    public void Desire_NameGone_IsWithdrawnAndForgottenAfterItsExpiry()
    {
        Load();
        SealAll(Desire((A, "1")));
        var sends = Desire();
        Assert.Null(sends[0].Publications[0].Plan.Content);
        Assert.Equal("withdraw-sent", State(A));
        SealAll(sends);
        Assert.Equal("withdrawn", State(A));
        _now = _engine.Names(_now).Single().Leaf.Expires;
        Assert.Empty(_engine.Tick(_now));
        Assert.Empty(_engine.Names(_now));
    }

    /// <summary>It may stand in a file that is being written, or that this run has not seen whole yet.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Desire_NameMissing_IsWithdrawnOnceItWasForAWhile(bool isKnownFromState)
    {
        var engine = Engine(_maker, Delay);
        if (isKnownFromState)
        {
            engine.Load([new(A, FakeMaker.Uid(9), _now - 1, _now + 80_000, new TextContent(A, "1"))], _now);
        }
        else
        {
            engine.Load([], _now);
            Seal(engine, engine.Desire(Of((A, "1")), _now));
        }

        Assert.Empty(engine.Desire(Of(), _now));
        Assert.Equal(_now + 5_000, engine.NextTick(_now));
        _now += 4_999;
        Assert.Empty(engine.Tick(_now));
        Assert.Empty(engine.Desire(Of(), _now));
        _now++;
        Assert.Null(engine.Tick(_now)[0].Publications[0].Plan.Content);
    }

    [Fact]
    public void Desire_NameMissingAndBackInTime_StaysAsItIs()
    {
        var engine = Engine(_maker, Delay);
        engine.Load([], _now);
        Seal(engine, engine.Desire(Of((A, "1"), (B, "1")), _now));
        Assert.Empty(engine.Desire(Of((A, "1")), _now));
        _now += 4_999;
        Assert.Empty(engine.Desire(Of((A, "1"), (B, "1")), _now));
        _now += 1;
        Assert.Empty(engine.Tick(_now));

        // From the beginning again.
        Assert.Empty(engine.Desire(Of((A, "1")), _now));
        _now += 4_999;
        Assert.Empty(engine.Tick(_now));
        Assert.Equal(2, _maker.Signed.Count);
    }

    /// <summary>A clock that is put back starts the while anew, and does not make it as long as it was put
    /// back.</summary>
    [Fact]
    public void Tick_ClockPutBack_WithdrawsAWhileLater()
    {
        var engine = Engine(_maker, Delay);
        engine.Load([], _now);
        Seal(engine, engine.Desire(Of((A, "1")), _now));
        Assert.Empty(engine.Desire(Of(), _now));
        Assert.Empty(engine.Tick(_now));
        _now -= 500_000;
        Assert.Empty(engine.Tick(_now));
        Assert.Equal(_now + 5_000, engine.NextTick(_now));
        _now += 4_999;
        Assert.Empty(engine.Tick(_now));
        _now++;
        Assert.Null(engine.Tick(_now)[0].Publications[0].Plan.Content);
    }

    [Fact]
    public void Desire_NameOfADeletedFile_IsWithdrawnAtOnce()
    {
        var engine = Engine(_maker, Delay);
        engine.Load([], _now);
        Seal(engine, engine.Desire(Of((A, "1"), (B, "1")), _now));
        var sends = engine.Desire(Of() with { Deleted = new HashSet<string> { A } }, _now);
        Assert.All(sends, send => Assert.Equal(A, Assert.Single(send.Publications).Plan.Name));

        // Wanted again, it is as any other.
        Seal(engine, engine.Desire(Of((A, "1")), _now));
        Assert.Empty(engine.Desire(Of(), _now));
    }

    [Fact]
    public void Desire_IncompleteOrHeld_WithdrawsNothing()
    {
        Load();
        SealAll(Desire((A, "1"), (B, "1")));
        Assert.Empty(_engine.Desire(new(new Dictionary<string, Content>(), FrozenSet<string>.Empty, false), _now));
        var sends = _engine.Desire(new(new Dictionary<string, Content>(), new HashSet<string> { A }, true), _now);
        Assert.All(sends, send => Assert.Equal(B, Assert.Single(send.Publications).Plan.Name));
    }

    [Fact]
    public void Desire_WhileOnItsWay_IsReplacedByAHigherVersion()
    {
        Load();
        var old = Desire((A, "1"))[0];
        var fresh = Desire((A, "2"))[0];
        Assert.True(fresh.Publications[0].Plan.Version > old.Publications[0].Plan.Version);
        Assert.Equal(fresh.Publications[0].Plan.Uid, old.Publications[0].Plan.Uid);
        Assert.Empty(_engine.End(old.Anchor, old.Publications, isFailure: true, _now));
        Assert.True(old.Publications[0].IsOver);
        Assert.False(_engine.IsSettled);
    }

    [Fact]
    public void End_AnchorDown_GoesToAnotherAtOnce()
    {
        Load();
        var sends = Desire((A, "1"));
        var again = Assert.Single(_engine.End(sends[0].Anchor, sends[0].Publications, isFailure: true, _now));
        Assert.DoesNotContain(again.Anchor, sends.Select(send => send.Anchor));
    }

    [Fact]
    public void End_AllAnchorsDown_WaitsLongerEachTime()
    {
        Load();
        var sends = new Queue<Send>(Desire((A, "1")));
        var pauses = new List<long>();
        for (var round = 0; round < 40; round++)
        {
            while (sends.TryDequeue(out var send))
            {
                foreach (var more in _engine.End(send.Anchor, send.Publications, isFailure: true, _now))
                {
                    sends.Enqueue(more);
                }
            }

            var next = _engine.NextTick(_now)!.Value;
            pauses.Add(next - _now);
            _now = next;
            foreach (var more in _engine.Tick(_now))
            {
                sends.Enqueue(more);
            }
        }

        Assert.InRange(pauses[0], 1, 100);
        Assert.InRange(pauses.Max(), 1000, 10_000);
        Assert.Single(_maker.Signed);
        SealAll([.. sends]);
    }

    [Fact]
    public void Answer_OneRefusal_AsksAnotherAnchor()
    {
        Load();
        var sends = Desire((A, "1"));
        var publication = sends[0].Publications[0];
        var again =
            Assert.Single(
                _engine.Answer(sends[0].Anchor, publication, AnchorFate.Refused, "PublisherRevoked: no", _now));
        Assert.DoesNotContain(again.Anchor, sends.Select(send => send.Anchor));
        Answer(sends[1].Anchor, publication, AnchorFate.Sealed);
        Answer(again.Anchor, publication, AnchorFate.Sealed);
        Assert.True(_engine.IsSettled);
    }

    [Fact]
    public void Answer_RefusedByTooMany_WaitsThenAsksAll()
    {
        Load();
        var sends = new Queue<Send>(Desire((A, "1")));
        var publication = sends.Peek().Publications[0];
        var asked = new HashSet<int>();
        while (sends.TryDequeue(out var send))
        {
            asked.Add(send.Anchor);
            foreach (var more in _engine.Answer(
                send.Anchor, publication, AnchorFate.Refused, "PublisherOutOfScope: no", _now))
            {
                sends.Enqueue(more);
            }

            _engine.End(send.Anchor, send.Publications, isFailure: false, _now);
        }

        Assert.Equal(4, asked.Count);
        Assert.Equal("refused", State(A));
        Assert.False(_engine.NeedsState);
        _now = _engine.NextTick(_now)!.Value;
        Assert.Equal(2, _engine.Tick(_now).Count);
    }

    [Fact]
    public void Answer_RecordRollback_AsksForStateAndRisesAboveIt()
    {
        Load();
        var sends = Desire((A, "1"));
        var publication = sends[0].Publications[0];
        _engine.Answer(sends[0].Anchor, publication, AnchorFate.Refused, "RecordRollback: version 5", _now);
        Assert.True(_engine.NeedsState);
        var uid = FakeMaker.Uid(42);
        var again = _engine.Load([new(A, uid, _now + 900, _now + 1, new TextContent(A, "0"))], _now);
        Assert.False(_engine.NeedsState);
        var plan = again[0].Publications[0].Plan;
        Assert.Equal((uid, _now + 901), (plan.Uid, plan.Version));
    }

    [Fact]
    public void Answer_UidChangedAtALowerVersion_TakesTheUidOfTheAnchors()
    {
        Load();
        var sends = Desire((A, "1"));
        _engine.Answer(sends[0].Anchor, sends[0].Publications[0], AnchorFate.Refused, "UidChanged: other uid", _now);
        var uid = FakeMaker.Uid(42);
        var plan = _engine.Load([new(A, uid, 17, _now + 1000, null)], _now)[0].Publications[0].Plan;
        Assert.Equal((uid, _now + 1), (plan.Uid, plan.Version));
    }

    [Fact]
    public void Load_OwnVersion_CountsAsSealed()
    {
        Load();
        var plan = Desire((A, "1"))[0].Publications[0].Plan;
        Assert.Empty(_engine.Load([plan.Leaf], _now));
        Assert.True(_engine.IsSettled);
    }

    [Fact]
    public void End_AcceptedButNeverSealed_IsSentAgainLater()
    {
        Load();
        var sends = Desire((A, "1"));
        foreach (var send in sends)
        {
            Answer(send.Anchor, send.Publications[0], AnchorFate.Accepted);
            Assert.Empty(_engine.End(send.Anchor, send.Publications, isFailure: false, _now));
        }

        _now = _engine.NextTick(_now)!.Value;
        Assert.Equal(2, _engine.Tick(_now).Count);
        Assert.Single(_maker.Signed);
    }

    [Fact]
    public void Tick_BeforeExpiry_RenewsEachRecordOnce()
    {
        Load();
        SealAll(Desire((A, "1"), (B, "1")));
        var first = _now;
        while (_maker.Signed.Count < 6)
        {
            _now = _engine.NextTick(_now)!.Value;
            SealAll(_engine.Tick(_now));
        }

        Assert.InRange(_now - first, 100_000, 160_000);
        Assert.All(_maker.Signed.GroupBy(plan => plan.Name), plans =>
        {
            Assert.Single(plans.Select(plan => plan.Uid).Distinct());
            Assert.All(plans.Zip(plans.Skip(1)), pair =>
            {
                Assert.True(pair.Second.Version > pair.First.Version);
                Assert.InRange(pair.Second.Issued, pair.First.Issued, pair.First.Expires - 20_000);
            });
        });
    }

    [Fact]
    public void Desire_ManyNames_AreBatchedWithinTheLimits()
    {
        var maker = new FakeMaker(entrySize: 40_000);
        var engine = Engine(maker);
        engine.Load([], _now);
        var names = Enumerable.Range(0, 1000).Select(index => ($"n{index}.shop.svc", "1")).ToArray();
        var open = new Queue<Send>(engine.Desire(Of(names), _now));
        Assert.Equal(1000, maker.Signed.Count);
        var load = open.GroupBy(send => send.Anchor).Select(sends => sends.Sum(send => send.Publications.Count));
        Assert.All(load, count => Assert.InRange(count, 1, 256));
        while (open.TryDequeue(out var send))
        {
            Assert.InRange(send.Publications.Count, 1, 64);
            Assert.True(send.Publications.Count == 1 || send.Publications.Sum(p => p.Entry.Size) <= 1 << 20);
            foreach (var publication in send.Publications)
            {
                engine.Answer(send.Anchor, publication, AnchorFate.Sealed, null, _now).ToList().ForEach(open.Enqueue);
            }

            engine.End(send.Anchor, send.Publications, isFailure: false, _now).ToList().ForEach(open.Enqueue);
        }

        Assert.True(engine.IsSettled);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomFaults_ThenCalm_Converges(int seed)
    {
        var random = new Random(seed);
        var world = new FakeAnchors(4);
        Load();
        var open = new List<Send>();
        var desired = new Dictionary<string, string>();
        for (var step = 0; step < 600; step++)
        {
            var calm = step > 400;
            if (!calm && random.Next(4) == 0)
            {
                var name = $"n{random.Next(5)}.shop.svc";
                if (random.Next(3) == 0)
                {
                    desired.Remove(name);
                }
                else
                {
                    desired[name] = random.Next(3).ToString(System.Globalization.CultureInfo.InvariantCulture);
                }

                open.AddRange(_engine.Desire(Of([.. desired.Select(pair => (pair.Key, pair.Value))]), _now));
            }

            while (open.Count > 0 && (calm || random.Next(3) > 0))
            {
                var send = open[random.Next(open.Count)];
                open.Remove(send);
                var lost = !calm && random.Next(3) == 0;
                foreach (var publication in lost ? [] : send.Publications)
                {
                    var (fate, refusal) = world.Offer(publication.Plan);
                    open.AddRange(_engine.Answer(send.Anchor, publication, fate, refusal, _now));
                }

                open.AddRange(_engine.End(send.Anchor, send.Publications, lost, _now));
            }

            if (_engine.NeedsState)
            {
                open.AddRange(_engine.Load(world.Leaves, _now));
            }

            _now += random.Next(1, 400);
            open.AddRange(_engine.Tick(_now));
        }

        Assert.True(_engine.IsSettled, $"seed {seed}: {string.Join(", ", _engine.Names(_now))}");
        var held = world.Leaves.Where(leaf => leaf.Content is not null)
            .ToDictionary(leaf => leaf.Name, leaf => ((TextContent)leaf.Content!).Text);
        Assert.True(desired.OrderBy(pair => pair.Key).SequenceEqual(held.OrderBy(pair => pair.Key)), $"seed {seed}");
        Assert.True(world.UidsPerName.Values.All(uids => uids.Count == 1), $"seed {seed}: a uid changed");
    }

    /// <summary>The epoch's F may grow and shrink while a version is on its way.</summary>
    [Fact]
    public void Require_MoreOrFewer_HoldsForWhatIsOnItsWay()
    {
        Load();
        var sends = Desire(("a.shop.svc", "1"));
        Assert.Equal(2, sends.Count);
        var publication = sends[0].Publications[0];
        var third = Assert.Single(_engine.Require(3, Limits.RecordLifeMax, _now));
        Assert.DoesNotContain(third.Anchor, sends.Select(send => send.Anchor));
        Answer(sends[0].Anchor, publication, AnchorFate.Sealed);
        Answer(sends[1].Anchor, publication, AnchorFate.Sealed);
        Assert.False(_engine.IsSettled);
        Assert.Empty(_engine.Require(2, Limits.RecordLifeMax, _now));
        Assert.True(_engine.IsSettled);
    }

    /// <summary>An epoch may allow less than this controller is set to: what is on its way would be refused for
    /// ever.</summary>
    [Theory]
    [InlineData(null, 30_000)]
    [InlineData(10_000L, 30_000)]
    [InlineData(50_000L, 50_000)]
    public void Require_AShorterLife_SignsAnewWhatIsOnItsWay(long? held, long expected)
    {
        _engine.Load(
            held is { } left ? [new(A, FakeMaker.Uid(99), _now - 1, _now + left, new TextContent(A, "0"))] : [], _now);
        var plan = Desire((A, "1"))[0].Publications[0].Plan;
        Assert.Equal(_now + 90_000, plan.Expires);
        var anew = _engine.Require(2, 30_000, _now);
        Assert.Equal(2, anew.Count);
        var next = anew[0].Publications[0].Plan;
        Assert.Equal((plan.Uid, plan.Version + 1, _now + expected), (next.Uid, next.Version, next.Expires));
        Assert.Equal("1", ((TextContent)next.Content!).Text);
        SealAll(anew);
        Assert.True(_engine.IsSettled);
        Assert.Empty(_engine.Require(2, 30_000, _now));
        Assert.Equal(_now + expected, Desire((A, "2"))[0].Publications[0].Plan.Expires);
    }

    /// <summary>A Credential ends, and another one follows it.</summary>
    [Fact]
    public void Until_AnEarlierEnd_SignsAnewAndALaterOneRenews()
    {
        Load();
        Assert.Equal(_now + 90_000, Desire((A, "1"))[0].Publications[0].Plan.Expires);
        var anew = _engine.Until(_now + 30_000, _now);
        Assert.Equal(2, anew.Count);
        Assert.Equal(_now + 30_000, anew[0].Publications[0].Plan.Expires);
        SealAll(anew);
        Assert.Equal(_now + 30_000, _engine.CredentialEnd);
        Assert.True(_engine.IsSettled);
        _now += 29_999;
        Assert.Empty(_engine.Tick(_now));
        var renewed = _engine.Until(_now + 900_000, _now);
        Assert.Equal(_now + 90_000, renewed[0].Publications[0].Plan.Expires);
        SealAll(renewed);
        Assert.Empty(_engine.Until(_now + 900_000, _now));
    }

    /// <summary>What nothing renews any more is not as good as sealed.</summary>
    [Fact]
    public void Name_WhoseCredentialHasEnded_SaysSo()
    {
        Load();
        _engine.Until(_now + 30_000, _now);
        SealAll(Desire((A, "1")));
        _now += 29_999;
        Assert.Equal("sealed", State(A));
        _now++;
        Assert.Equal("ended", State(A));
        SealAll(_engine.Until(_now + 900_000, _now));
        Assert.Equal("sealed", State(A));
    }

    [Fact]
    public void Until_ALaterEnd_RenewsInTimeWhatLivedAsLongAsTheOneBefore()
    {
        Load();
        _engine.Until(_now + 90_000, _now);
        SealAll(Desire((A, "1")));
        Assert.Equal(_now + 90_000, _engine.NextTick(_now));
        Assert.Empty(_engine.Until(null, _now));
        Assert.InRange(_engine.NextTick(_now)!.Value, _now + 51_000, _now + 60_000);
    }

    [Fact]
    public void Until_AnEndThatIsOver_SignsNothingAndIsNotSettled()
    {
        Load();
        _engine.Until(_now, _now);
        Assert.Empty(Desire((A, "1")));
        Assert.Empty(_engine.Tick(_now));
        Assert.False(_engine.IsSettled);
        Assert.Empty(_maker.Signed);
    }

    [Fact]
    public void Require_Nothing_YetIsNeverEnough()
    {
        var engine = new PublisherEngine(
            new() { Anchors = 4, RecordLife = TimeSpan.FromSeconds(90) }, new FakeMaker(), new Random(1));
        Assert.Empty(engine.Load([], _now));
        var sends = engine.Desire(Of(("a.shop.svc", "1")), _now);
        foreach (var send in sends)
        {
            Assert.Empty(engine.Answer(send.Anchor, send.Publications[0], AnchorFate.Sealed, null, _now));
        }

        Assert.False(engine.IsSettled);
        Assert.Empty(engine.Require(2, Limits.RecordLifeMax, _now));
        Assert.True(engine.IsSettled);
    }

    private static DesiredState Incomplete =>
        new(new Dictionary<string, Content>(), FrozenSet<string>.Empty, false);

    private static PublisherEngine Engine(FakeMaker maker, TimeSpan withdrawDelay = default)
    {
        var engine = new PublisherEngine(
            new() { Anchors = 4, RecordLife = TimeSpan.FromSeconds(90), WithdrawDelay = withdrawDelay },
            maker,
            new Random(1));
        Assert.Empty(engine.Require(2, Limits.RecordLifeMax, 0));
        return engine;
    }

    private static DesiredState Of(params (string Name, string Text)[] records) => new(
        records.ToDictionary(record => record.Name, Content (record) => new TextContent(record.Name, record.Text)),
        FrozenSet<string>.Empty,
        true);

    private IReadOnlyList<Send> Desire(params (string Name, string Text)[] records) =>
        _engine.Desire(Of(records), _now);

    private void Load() => Assert.Empty(_engine.Load([], _now));

    private string State(string name) => _engine.Names(_now).Single(status => status.Name == name).State;

    private void Answer(int anchor, Publication publication, AnchorFate fate) =>
        Assert.Empty(_engine.Answer(anchor, publication, fate, null, _now));

    private void SealAll(IReadOnlyList<Send> sends) => Seal(_engine, sends);

    private void Seal(PublisherEngine engine, IReadOnlyList<Send> sends)
    {
        foreach (var send in sends)
        {
            foreach (var publication in send.Publications)
            {
                Assert.Empty(engine.Answer(send.Anchor, publication, AnchorFate.Accepted, null, _now));
                Assert.Empty(engine.Answer(send.Anchor, publication, AnchorFate.Sealed, null, _now));
            }

            Assert.Empty(engine.End(send.Anchor, send.Publications, isFailure: false, _now));
        }
    }
}
