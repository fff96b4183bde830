using System.Globalization;
using Fairlead.Anchor.Serving;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>What a segment's operators see of its denials, and that those who are denied see none of it.</summary>
public sealed class DenialBookTests
{
    private const long Now = TestSegmentOptions.Start + 10_000;
    private static readonly RuleSubject Zoo = new() { Segment = "*", Namespace = "zoo" };

    private readonly TestSegment _segment = new(new TestSegmentOptions
    {
        Leaves = [TestLeaves.Rule("no-zoo", RuleEffect.Deny, ["*.shop.svc"], [Zoo])],
    });

    private readonly StringWriter _logged = new();

    [Fact]
    public void Note_OneHomeAndRule_IsOneEntryWithWhatCameLastAndOneLine()
    {
        var book = Book();
        book.Note(7, Terms("home", "cart.shop.svc"), Now);
        book.Note(7, Terms("home", "made-up.shop.svc"), Now + 5);
        var entry = Assert.Single(book.All);
        Assert.Equal(
            (2, Now, Now + 5, "made-up.shop.svc", "no-zoo"),
            (entry.Times, entry.First, entry.Last, entry.Terms.Scope.Text, entry.Reason.Rule!.Value.Id));
        var line = Assert.Single(Lines);
        Assert.Contains("cart.shop.svc to zoo/keeper", line, StringComparison.Ordinal);
        Assert.Contains("Deny, Rule no-zoo for *.shop.svc, epoch 7", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Note_OfANewEpoch_BeginsAnewAndIsLogged()
    {
        var book = Book();
        book.Note(7, Terms("home", "cart.shop.svc"), Now);
        book.Note(8, Terms("home", "cart.shop.svc"), Now + 5);
        Assert.Equal((8, 1, Now + 5), Assert.Single(book.All.Select(one => (one.Epoch, one.Times, one.First))));
        Assert.Equal(2, Lines.Length);
    }

    [Fact]
    public void Note_OfWhatIsAllowed_KeepsNothing()
    {
        var book = Book();
        book.Note(7, Terms("home", "cart.shop.svc", "shop"), Now);
        Assert.Empty(book.All);
    }

    [Fact]
    public void Note_OfManyHomes_ForgetsThoseNotMetForTheLongestTime()
    {
        var book = Book(most: 4);
        for (var i = 0; i < 10; i++)
        {
            book.Note(7, Terms("steady", "cart.shop.svc"), Now + i);
            book.Note(7, Terms(i.ToString(CultureInfo.InvariantCulture), "cart.shop.svc"), Now + i);
        }

        Assert.Equal(
            ["9", "steady", "8", "7"],
            book.All.Select(one => Named(one.Terms.Home, [.. Enumerable.Range(0, 10).Select(i => $"{i}"), "steady"])));
        Assert.Equal(10, book.All[1].Times);
    }

    /// <summary>4.1 Rules: the Attest of a denial is the same whatever decided, and whatever exists.</summary>
    [Fact]
    public void Attest_OfADenial_NamesNoRule()
    {
        var view = TestView.Of(_segment, Now);
        var byRule = Terms("home", "cart.shop.svc");
        var without = byRule with { Decision = RuleDecision.ForService([], view.Genesis, Home("home"), null, Cart) };
        Assert.NotEqual(byRule.Decision.Denial, without.Decision.Denial);
        Assert.Equal(
            Document.Make(without.Draft(view, Now)).Payload.ToArray(),
            Document.Make(byRule.Draft(view, Now)).Payload.ToArray());
        Assert.Equal(AttestKey.Of(view, without), AttestKey.Of(view, byRule));
    }

    private static ServicePart Cart => ServicePart.Parse("cart.shop.svc");

    private static Digest Home(string name) => Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(name));

    private static string Named(Digest home, IEnumerable<string> names) => names.Single(name => Home(name) == home);

    private string[] Lines => _logged.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private DenialBook Book(int most = 10) =>
        new(new ErrorLog(_logged, TimeProvider.System).Factory().CreateLogger("test"), most);

    private AttestTerms Terms(string home, string name, string ns = "zoo") => AttestTerms.OfTarget(
        TestView.Of(_segment, Now),
        new Consumer(Home(home), new Subject { Namespace = ns, Account = "keeper" }),
        ServicePart.Parse(name));
}
