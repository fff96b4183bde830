using System.Text;
using Fairlead.Anchor.Journal;

namespace Fairlead.Anchor.Tests.Journal;

/// <summary>4.11: whatever step of a rotation a crash hits, the journal is the old one or the new one, whole.</summary>
public sealed class JournalRotationTests : IDisposable
{
    private static readonly string Root = new('0', 64);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-rotation-").FullName;

    private JournalOptions Options =>
        new(_folder, new string('b', 64), new string('a', 64)) { ChunkBytes = 256, RotateBytes = 400 };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void IsDue_FromTheLimitOn_AndNotAfterRotating()
    {
        using var journal = JournalFile.Create(Options, 0, 0, Root);
        Assert.False(journal.IsDue);
        while (journal.End < 400)
        {
            Assert.False(journal.IsDue);
            journal.Append("body"u8);
        }

        Assert.True(journal.IsDue);
        journal.Rotate(0, 3, Root, []);
        Assert.False(journal.IsDue);
    }

    [Fact]
    public void Crash_WhileTheNewFileIsWritten_LeavesTheOldOne()
    {
        var (old, written) = Files();
        for (var step = 0; step <= written.Length; step += 7)
        {
            File.WriteAllBytes(Options.Path, old);
            File.WriteAllBytes(Options.Path + ".new", written[..step]);
            Assert.Equal(["one", "two", "three"], Bodies());
            GoesOn();
        }
    }

    [Fact]
    public void Crash_AfterTheNewFileHasItsName_LeavesTheNewOne()
    {
        var (_, written) = Files();
        File.WriteAllBytes(Options.Path, written);
        Assert.Equal(["three"], Bodies());
        using (var journal = JournalFile.Open(Options))
        {
            Assert.Equal(
                (4, 7, true), (journal.Header.BaseEpoch, journal.Header.BaseSeq, journal.Header.Last is not null));
        }

        GoesOn();
    }

    [Fact]
    public void NewFile_TornAfterItHadItsName_IsRefusedByName()
    {
        // The name is given only once all bytes are on the disk: a file that is short all the same was damaged.
        var (_, written) = Files();
        File.WriteAllBytes(Options.Path, written[..40]);
        var refused = Assert.Throws<JournalException>(() => JournalFile.Open(Options));
        Assert.Equal(JournalError.JournalConflict, refused.Error);
    }

    [Fact]
    public void OldFile_MissingWithTheNewOneUnnamed_IsRefusedByName()
    {
        var (_, written) = Files();
        File.Delete(Options.Path);
        File.WriteAllBytes(Options.Path + ".new", written);
        var refused = Assert.Throws<JournalException>(() => JournalFile.Open(Options));
        Assert.Equal(JournalError.JournalConflict, refused.Error);
    }

    [Fact]
    public void Parts_OfALongBody_AreOneBodyAgain()
    {
        var body = Encoding.ASCII.GetBytes("0123456789abcdef");
        foreach (var limit in Enumerable.Range(2, 20))
        {
            var entries = JournalParts.Split(body, limit).Select(part => part.ToArray()).ToList();
            Assert.All(entries, entry => Assert.InRange(entry.Length, 1, limit));
            Assert.Equal([body], JournalParts.Join(entries));
            Assert.Equal([[1], body, [2]], JournalParts.Join([[1], .. entries, [2]]));
        }
    }

    [Fact]
    public void Parts_WithoutTheirEnd_ArePassedOver()
    {
        var parts = JournalParts.Split(new byte[100], 30).Select(part => part.ToArray()).ToList();
        Assert.Equal([[1], [2]], JournalParts.Join([[1], .. parts.SkipLast(1), [2]]));
        Assert.Equal([[1], new byte[100]], JournalParts.Join([[1], parts[0], [1], .. parts]).Skip(1));
        Assert.Equal([[1]], JournalParts.Join([[1], .. parts.SkipLast(1)]));
        Assert.Equal([[1], new byte[100]], JournalParts.Join([[1], .. parts.SkipLast(1), .. parts]));
    }

    [Fact]
    public void Parts_OfJournalsWithoutAStartMark_AreStillRead()
    {
        var parts = JournalParts.Split(new byte[100], 30).Select(part => part.ToArray()).ToList();
        byte[][] old = [[0xFE, .. parts[0].Skip(1)], .. parts.Skip(1)];
        Assert.Equal([[1], new byte[100], [2]], JournalParts.Join([[1], .. old, [2]]));
        Assert.Equal([[1], new byte[100]], JournalParts.Join([[1], .. old.SkipLast(1), .. parts]));
    }

    [Fact]
    public void Append_TornBetweenTwoParts_LeavesTheNextBodyInPartsWhole()
    {
        byte[] body = [1, .. new byte[100]];
        var parts = JournalParts.Split(body, 60).ToList();
        using (var journal = JournalFile.Create(Options, 0, 0, Root))
        {
            journal.Append(parts[0].Span);
        }

        using (var journal = JournalFile.Open(Options))
        {
            parts.ForEach(part => journal.Append(part.Span));
        }

        using var opened = JournalFile.Open(Options);
        Assert.Equal([body], JournalParts.Join(opened.Replay()));
    }

    private (byte[] Old, byte[] New) Files()
    {
        using (var journal = JournalFile.Create(Options, 4, 0, Root))
        {
            journal.Append("one"u8);
            journal.Append("two"u8);
            journal.Append("three"u8);
        }

        var old = File.ReadAllBytes(Options.Path);
        using (var journal = JournalFile.Open(Options))
        {
            journal.Rotate(4, 7, Root, ["three"u8.ToArray()]);
        }

        var written = File.ReadAllBytes(Options.Path);
        File.Delete(Options.Path);
        return (old, written);
    }

    private List<string> Bodies()
    {
        using var journal = JournalFile.Open(Options);
        return [.. journal.Replay().Select(Encoding.ASCII.GetString)];
    }

    private void GoesOn()
    {
        var before = Bodies();
        using (var journal = JournalFile.Open(Options))
        {
            journal.Append("next"u8);
            journal.Rotate(5, 9, Root, [Encoding.ASCII.GetBytes("next")]);
        }

        Assert.Equal(["next"], Bodies());
        Assert.NotEmpty(before);
        Assert.Equal([Options.Path], Directory.GetFiles(_folder));
    }
}
