using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Identities;

/// <summary>Whom an anchor knows by a key on file, when its configuration is read anew.</summary>
public sealed class SubjectBookTests
{
    private const long Now = 1_000_000;
    private static readonly Subject Frontend = new() { Namespace = "shop", Account = "frontend" };
    private static readonly Subject Cart = new() { Namespace = "shop", Account = "cart" };

    [Fact]
    public void Key_ThatIsTakenOut_IsNobodysFromTheNextLookOn_AndNoLookHoldsLong()
    {
        var (old, added) = (TestKeys.Key(1).Kid, TestKeys.Key(2).Kid);
        using var book = new SubjectBook(
            new Dictionary<Digest, Subject> { [old] = Frontend }, IdentityOptions.None, new ManualTimeProvider(),
            NullLogger.Instance);
        Assert.Null(book.Identify(Of(old), Now, 0, out var found));
        Assert.Equal(Frontend, found!.Subject);
        Assert.InRange(found.Until, Now + 1, Now + 10_000);
        Assert.Equal(VerificationFailure.SubjectUnknown, book.Identify(Of(added), Now, 0, out _)?.Failure);

        book.Replace(new Dictionary<Digest, Subject> { [added] = Cart }, null, null);
        Assert.Equal(VerificationFailure.SubjectUnknown, book.Identify(Of(old), Now, 0, out found)?.Failure);
        Assert.Null(found);
        Assert.Null(book.Identify(Of(added), Now, 0, out found));
        Assert.Equal(Cart, found!.Subject);
    }

    /// <summary>What did not hold by a clock that leapt ahead, as a certificate that was over by it, is looked at again
    /// as soon as anything.</summary>
    [Fact]
    public void FailedLook_TakenInALeapOfTheClock_IsKeptForTwoSeconds()
    {
        var time = new ManualTimeProvider();
        var looks = new FailedLooks(time);
        var proof = Digest.Sha256("a proof"u8);
        time.Leap(TimeSpan.FromHours(1));
        looks.Keep(proof, new Refusal(VerificationFailure.SubjectUnknown, "tls", "it has ended"));
        time.Leap(TimeSpan.Zero);
        time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.NotNull(looks.Find(proof));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(looks.Find(proof));
    }

    private static Caller Of(Digest kid) => new(kid, [], null);
}
