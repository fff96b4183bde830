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

    /// <summary>The life of a denial's Attest leaves room for clocks; what clients may keep of it is shorter.</summary>
    [Theory]
    [InlineData(AnswerResult.Negative, 70_000, 35_000)]
    [InlineData(AnswerResult.Denied, 70_000, 5_000)]
    [InlineData(AnswerResult.Denied, 6_000, 3_000)]
    public void OnSent_OfAnAnswer_IsDueAtHalfOfWhatMayBeKept(AnswerResult result, long life, long due)
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
        var answer = new UnverifiedAnswer(query.Payload, [], result, []);
        subscription.OnSent(new Answerer.Composed(answer, [], Now + life, long.MaxValue), view, null, Now);
        Assert.Equal(Now + due, subscription.DueAt);
    }
}
