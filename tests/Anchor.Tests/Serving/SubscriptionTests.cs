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

    private static (Subscription Subscription, SegmentView View, UnverifiedAnswer Answer) Open(AnswerResult result)
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
            null);
        return (subscription, view, new UnverifiedAnswer(query.Payload, [], result, []));
    }
}
