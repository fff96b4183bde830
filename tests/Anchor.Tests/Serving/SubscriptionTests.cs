using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>When an open question is answered again though nothing happened.</summary>
public sealed class SubscriptionTests
{
    private const long Now = TestSegmentOptions.Start + 10_000;
    private const long Elapsed = 77_000;

    /// <summary>The life of a denial's Attest leaves room for clocks; what clients may keep of it is shorter.</summary>
    [Theory]
    [InlineData(AnswerResult.Negative, 70_000, 35_000)]
    [InlineData(AnswerResult.Denied, 70_000, 5_000)]
    [InlineData(AnswerResult.Denied, 6_000, 3_000)]
    public void OnSent_OfAnAnswer_IsDueAtHalfOfWhatMayBeKept(AnswerResult result, long life, long due)
    {
        var (subscription, view, answer) = Open(result);
        subscription.OnSent(new Answerer.Composed(answer, [], Now + life, long.MaxValue), view, null, Now, Elapsed);
        Assert.Equal(Elapsed + due, subscription.DueAt);
        Assert.False(subscription.IsDue(view, default, Now + due - 1, Elapsed + due - 1));
        Assert.True(subscription.IsDue(view, default, Now + due - 1, Elapsed + due));
    }

    /// <summary>A wall clock that leaps draws nothing out: ahead, what was sent or failed then is looked at as soon as
    /// else; from behind, what was sent is over when the right clock says so.</summary>
    [Fact]
    public void IsDue_WhereTheClockLeaps_IsByWhicheverSaysSoFirst()
    {
        const long hour = 3_600_000;
        var (subscription, view, answer) = Open(AnswerResult.Negative);
        var composed = new Answerer.Composed(answer, [], Now + hour + 70_000, long.MaxValue);
        subscription.OnSent(composed, view, null, Now + hour, Elapsed);
        Assert.True(subscription.IsDue(view, default, Now + 35_000, Elapsed + 35_000));

        subscription.OnFailed(Elapsed);
        Assert.False(subscription.IsDue(view, default, Now + hour, Elapsed + 999));
        Assert.True(subscription.IsDue(view, default, Now + 1_000, Elapsed + 1_000));

        composed = new Answerer.Composed(answer, [], Now + hour + 80_000, long.MaxValue);
        subscription.OnSent(composed, view, null, Now, Elapsed);
        Assert.False(subscription.IsDue(view, default, Now + 1_000, Elapsed + 1_000));
        Assert.True(subscription.IsDue(view, default, Now + hour + 1_000, Elapsed + 1_000));
    }

    /// <summary>Of many that wait, those alone are looked at again for which something came.</summary>
    [Fact]
    public void IsDue_OfOneThatWaitsInVain_IsWhenWhatItRestsOnIsAnother()
    {
        var (subscription, view, answer) = Open(AnswerResult.Negative);
        var failure = new Refusal(VerificationFailure.Behind, "test", "test");
        subscription.WaitingSince = Elapsed;
        subscription.InVain(view, default);
        subscription.OnWaiting(Elapsed + 500);
        Assert.False(subscription.IsDue(view, default, Now, Elapsed + 499));
        Assert.True(subscription.IsDue(view, default, Now, Elapsed + 500));
        Assert.True(subscription.IsDue(view, (null, failure), Now, Elapsed));
        var other = TestView.Of(new TestSegment(), Now + 1_000, 2);
        Assert.True(subscription.IsDue(other, default, Now, Elapsed));

        // Of the decisions of other anchors nothing tells but that they are there.
        subscription.AwaitsAttests = true;
        Assert.True(subscription.IsDue(view, default, Now, Elapsed));

        // What failed is waited for anew, in a while.
        subscription.OnFailed(Elapsed);
        Assert.Null(subscription.WaitingSince);
        subscription.AwaitsAttests = false;
        Assert.False(subscription.IsDue(view, default, Now, Elapsed + 999));
        subscription.OnSent(new Answerer.Composed(answer, [], Now + 70_000, long.MaxValue), view, null, Now, Elapsed);
        Assert.False(subscription.IsDue(other, default, Now, Elapsed));
    }

    /// <summary>What was sent under one seal is not due in one instant, and never after half of its life.</summary>
    [Fact]
    public void OnSent_OfManyUnderOneSeal_IsDueOneAfterTheOther()
    {
        var due = new HashSet<long>();
        for (var turn = 0; turn < 64; turn++)
        {
            var (subscription, view, answer) = Open(AnswerResult.Negative, turn);
            var composed = new Answerer.Composed(answer, [], Now + 70_000, long.MaxValue);
            subscription.OnSent(composed, view, null, Now, Elapsed);
            due.Add(subscription.DueAt - Elapsed);
        }

        Assert.Equal(64, due.Count);
        Assert.InRange(due.Min(), 28_000, 28_200);
        Assert.Equal(35_000, due.Max());
    }

    private static (Subscription Subscription, SegmentView View, UnverifiedAnswer Answer) Open(
        AnswerResult result, int turn = 0)
    {
        var segment = new TestSegment();
        var view = TestView.Of(segment, Now);
        var query = Document.Make(new Query
        {
            Home = segment.Genesis,
            Name = FullName.Parse("checkout.shop.svc.us1.internal"),
        });
        var subscription = new Subscription(
            1,
            new AskedQuestion(
                query, new Consumer(segment.Genesis, new Subject { Namespace = "shop", Account = "a" }), true,
                ImmutableDictionary<Digest, KnownSegment>.Empty),
            null)
        {
            Turn = turn,
        };
        return (subscription, view, new UnverifiedAnswer(query.Payload, [], result, []));
    }
}
