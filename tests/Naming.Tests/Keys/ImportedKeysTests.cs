using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Keys;

/// <summary>One import of a point for the whole process, bounded (V52), and no verdict that depends on it.</summary>
public sealed class ImportedKeysTests
{
    private static readonly Digest Signed = Digest.Sha256("x"u8);

    [Fact]
    public void Verify_OfAKeyReadAgain_TakesTheImportOfTheFirst()
    {
        using var signer = AnchorKeys.NewKey();
        var signature = signer.Sign(Signed);
        var (first, second) = (PublicKey.Parse(signer.Key.Text), PublicKey.Parse(signer.Key.Text));
        Assert.Null(first.Imported);
        Assert.Null(first.Verify(Signed, signature));
        Assert.Null(second.Verify(Signed, signature));
        Assert.NotNull(first.Imported);
        Assert.Same(first.Imported, second.Imported);

        // The same failures, in the same words, from the key that imported and from the one that did not.
        var other = Digest.Sha256("y"u8);
        Assert.Equal(VerificationFailure.BadSignature, first.Verify(other, signature)?.Failure);
        Assert.Equal(first.Verify(other, signature), second.Verify(other, signature));
        Assert.Equal(first.Verify(Signed, signature.AsSpan(1)), second.Verify(Signed, signature.AsSpan(1)));
    }

    /// <summary>V52: whoever names points without a true signature of theirs takes no place.</summary>
    [Fact]
    public void Verify_OfAFalseSignature_KeepsNothing()
    {
        using var signer = AnchorKeys.NewKey();
        var signature = TestKeys.Signer(1).Sign(Signed);
        var (first, second) = (PublicKey.Parse(signer.Key.Text), PublicKey.Parse(signer.Key.Text));
        Assert.Equal(VerificationFailure.BadSignature, first.Verify(Signed, signature)?.Failure);
        Assert.Null(ImportedKeys.Process.Find(signer.Key.Kid));
        Assert.Equal(VerificationFailure.BadSignature, second.Verify(Signed, signature)?.Failure);
        Assert.NotSame(first.Imported, second.Imported);
    }

    [Fact]
    public void Keep_OfAKidThatIsKept_LeavesTheFirst()
    {
        var cache = new ImportedKeys(4);
        var (first, second) = (Import(1), Import(1));
        cache.Keep(TestKeys.Key(1).Kid, first);
        cache.Keep(TestKeys.Key(1).Kid, second);
        Assert.Same(first, cache.Find(TestKeys.Key(1).Kid));
        Assert.Equal(1, cache.Count);
        Assert.Null(cache.Find(TestKeys.Key(2).Kid));
    }

    /// <summary>V52: strangers' keys push out each other, not what is asked for between them.</summary>
    [Fact]
    public void Keep_OfManyThatComeOnce_StaysBoundedAndKeepsWhatIsInUse()
    {
        var cache = new ImportedKeys(4);
        var (used, some) = (Import(1), Import(2));
        cache.Keep(TestKeys.Key(1).Kid, used);
        for (var i = 0; i < 100; i++)
        {
            Assert.Same(used, cache.Find(TestKeys.Key(1).Kid));
            cache.Keep(Stranger(i), some);
            Assert.Equal(Math.Min(i + 2, 4), cache.Count);
        }

        Assert.Same(some, cache.Find(Stranger(99)));
        Assert.Null(cache.Find(Stranger(50)));
    }

    [Fact]
    public void Keep_WhereAllAreInUse_PushesOutOneAndWhatIsPushedOutStillVerifies()
    {
        var cache = new ImportedKeys(2);
        var used = Import(1);
        cache.Keep(TestKeys.Key(1).Kid, used);
        cache.Keep(Stranger(1), used);
        Assert.NotNull(cache.Find(TestKeys.Key(1).Kid));
        Assert.NotNull(cache.Find(Stranger(1)));
        cache.Keep(Stranger(2), used);
        Assert.Equal(2, cache.Count);
        Assert.Null(cache.Find(TestKeys.Key(1).Kid));
        Assert.True(used.Verify(Signed.ToArray(), TestKeys.Signer(1).Sign(Signed)));
    }

    [Fact]
    public void Verify_OnManyThreadsOfKeysReadAnew_Agrees()
    {
        using var signer = AnchorKeys.NewKey();
        var (good, bad) = (signer.Sign(Signed), TestKeys.Signer(2).Sign(Signed));
        Parallel.For(0, 64, _ =>
        {
            var key = PublicKey.Parse(signer.Key.Text);
            Assert.Equal(VerificationFailure.BadSignature, key.Verify(Signed, bad)?.Failure);
            Assert.Null(key.Verify(Signed, good));
        });
        var late = PublicKey.Parse(signer.Key.Text);
        Assert.Null(late.Verify(Signed, good));
        Assert.Same(ImportedKeys.Process.Find(signer.Key.Kid), late.Imported);
    }

    private static ImportedKey Import(int number) => new(TestKeys.Key(number).Point);

    private static Digest Stranger(int number) => Digest.Sha256(BitConverter.GetBytes(number));
}
