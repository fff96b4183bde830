using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Anchor.Journal;
using Fairlead.Naming;

namespace Fairlead.Anchor.Tests.Journal;

public sealed class JournalFileTests : IDisposable
{
    private static readonly string Kid = new('a', 64);
    private static readonly string Genesis = new('b', 64);
    private static readonly string Root = new('0', 64);

    // In memory where there is such a place: thousands of files are written, and no disk is under test.
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(),
        "fairlead-journal-" + Path.GetRandomFileName())).FullName;

    // A small chunk keeps the files of the exhaustive tests small.
    private JournalOptions Options => new(_folder, Genesis, Kid) { ChunkBytes = 512 };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Bytes_OfANewJournal_AreTheFormat()
    {
        using (var journal = JournalFile.Create(Options, 0, 0, Root))
        {
            journal.Append("vote"u8);
        }

        var header = Encoding.ASCII.GetBytes(
            $$"""{"base":{"epoch":0,"root":"{{Root}}","seq":0},"genesis":"{{Genesis}}","kid":"{{Kid}}"}""");
        var first = Entry(new byte[32], header);
        var second = Entry(first[^32..], "vote"u8.ToArray());
        byte[] expected = [.. "FLJ1"u8, .. first, .. second];
        var file = File.ReadAllBytes(Options.Path);
        Assert.Equal(expected, file[..expected.Length]);
        Assert.Equal(512, file.Length);
        Assert.False(file.AsSpan(expected.Length).ContainsAnyExcept((byte)0));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Options.Path));
        Assert.Equal([Options.Path], Directory.GetFiles(_folder));
    }

    /// <summary>Looked at while it is in use: it is neither locked nor cut, and another key's is named.</summary>
    [Fact]
    public void Inspect_OfAJournalInUse_TakesNothingFromItsOwner()
    {
        using (var journal = JournalFile.Create(Options, 3, 9, Root))
        {
            journal.Append("one"u8);
            Assert.Equal(journal.Header, JournalFile.Inspect(Options));
            journal.Append("two"u8);
        }

        // A torn tail stays as it is: its owner cuts it.
        var torn = File.ReadAllBytes(Options.Path);
        torn[torn.AsSpan().LastIndexOfAnyExcept((byte)0)] ^= 1;
        File.WriteAllBytes(Options.Path, torn);
        Assert.Equal(3, JournalFile.Inspect(Options).BaseEpoch);
        Assert.Equal(torn, File.ReadAllBytes(Options.Path));
        Assert.Equal(
            JournalError.JournalConflict,
            Assert.Throws<JournalException>(() => JournalFile.Inspect(Options with { Genesis = Root })).Error);
        File.Delete(Options.Path);
        Assert.Throws<JournalException>(() => JournalFile.Inspect(Options));
    }

    [Fact]
    public void Open_Again_ReplaysAndGoesOn()
    {
        using (var journal = JournalFile.Create(Options, 3, 9, Root))
        {
            journal.Append("one"u8);
            journal.Append(new byte[2_000]);
        }

        using (var journal = JournalFile.Open(Options))
        {
            Assert.Equal(new JournalHeader(Genesis, Kid, 3, 9, Root), journal.Header);
            journal.Append("three"u8);
            Assert.Equal(3, journal.Count);
            Assert.Equal([3, 2_000, 5], journal.Replay().Select(b => b.Length));
        }

        Assert.Equal(["one", 2_000, "three"], Load());
    }

    [Fact]
    public void Open_CutAtEveryByte_HasThePrefixOfWholeEntries()
    {
        var (good, ends) = Sample();
        for (var cut = 0; cut <= good.Length; cut++)
        {
            File.WriteAllBytes(Options.Path, good[..cut]);
            if (cut < ends[0])
            {
                Refused(JournalError.JournalConflict);
                continue;
            }

            Assert.Equal(Sampled(ends.Count(e => e <= cut) - 1), Load());
            AppendsAfterwards();
        }
    }

    [Fact]
    public void Open_LastAppendInPiecesOfAnyOrder_HasOldOrNew()
    {
        // The disk may write the blocks of one append in any order: every subset of its 16-byte pieces.
        var (good, ends) = Sample();
        var start = ends[^2];
        var pieces = (ends[^1] - start + 15) / 16;
        for (var subset = 0; subset < 1 << pieces; subset++)
        {
            var torn = good.ToArray();
            for (var piece = 0; piece < pieces; piece++)
            {
                if ((subset >> piece & 1) == 0)
                {
                    torn.AsSpan(start + 16 * piece, Math.Min(16, ends[^1] - start - 16 * piece)).Clear();
                }
            }

            File.WriteAllBytes(Options.Path, torn);
            var loaded = Load();
            Assert.Equal(Sampled(subset == (1 << pieces) - 1 ? 4 : 3), loaded);
        }

        AppendsAfterwards();
    }

    [Fact]
    public void Open_AnyBitFlippedBeforeTheLastEntry_IsConflictAndFileUntouched()
    {
        var (good, ends) = Sample();
        for (var at = 0; at < ends[^2]; at++)
        {
            for (var bit = 1; bit < 256; bit <<= 1)
            {
                var bad = good.ToArray();
                bad[at] ^= (byte)bit;
                File.WriteAllBytes(Options.Path, bad);
                Refused(JournalError.JournalConflict);
                Assert.Equal(bad, File.ReadAllBytes(Options.Path));
            }
        }
    }

    [Fact]
    public void Open_AnyByteFlippedFromTheLastEntryOn_CutsOnlyWhatIsDamaged()
    {
        var (good, ends) = Sample();
        for (var at = ends[^2]; at < good.Length; at++)
        {
            var bad = good.ToArray();
            bad[at] ^= 0x81;
            File.WriteAllBytes(Options.Path, bad);
            Assert.Equal(Sampled(at < ends[^1] ? 3 : 4), Load());
            AppendsAfterwards();
        }
    }

    [Fact]
    public void Open_ZeroedBlockInTheMiddle_IsConflict()
    {
        var (good, ends) = Sample();
        good.AsSpan(ends[0] - 5, ends[1] - ends[0]).Clear();
        File.WriteAllBytes(Options.Path, good);
        Refused(JournalError.JournalConflict);
        (good, ends) = Sample();
        good.AsSpan(ends[1], 20).Clear();
        File.WriteAllBytes(Options.Path, good);
        Refused(JournalError.JournalConflict);
    }

    [Fact]
    public void Open_BytesBeyondOneUnfinishedAppend_IsConflict()
    {
        var (good, _) = Sample();
        File.WriteAllBytes(Options.Path, [.. good, .. new byte[1_048_576 + 100], 1]);
        Refused(JournalError.JournalConflict);
    }

    [Fact]
    public void Open_OtherKeyOrSegmentOrMissing_IsConflict()
    {
        JournalFile.Create(Options, 0, 0, Root).Dispose();
        var other = Options with { Kid = new string('c', 64) };
        File.Copy(Options.Path, other.Path);
        Refused(JournalError.JournalConflict, other);
        Refused(JournalError.JournalConflict, Options with { Genesis = new string('c', 64) });
        File.Delete(other.Path);
        Refused(JournalError.JournalConflict, other);
        Assert.False(File.Exists(other.Path));
    }

    [Fact]
    public void Create_WhereOneExists_IsConflict()
    {
        JournalFile.Create(Options, 0, 0, Root).Dispose();
        Assert.Equal(
            JournalError.JournalConflict,
            Assert.Throws<JournalException>(() => JournalFile.Create(Options, 0, 0, Root)).Error);
    }

    [Fact]
    public void Open_WhileHeld_IsLocked()
    {
        using var journal = JournalFile.Create(Options, 0, 0, Root);
        Refused(JournalError.JournalLocked);
        journal.Append("x"u8);
        journal.Rotate(0, 1, Root, []);
        Refused(JournalError.JournalLocked);
    }

    [Fact]
    public void Rotate_KeepsTheChainAndWhatIsCarried()
    {
        string last;
        using (var journal = JournalFile.Create(Options, 0, 0, Root))
        {
            journal.Append("one"u8);
            last = journal.FinalCheck;
            journal.Rotate(1, 7, new string('d', 64), ["kept"u8.ToArray(), new byte[3_000]]);
            journal.Append("two"u8);
            Assert.Equal(new JournalHeader(Genesis, Kid, 1, 7, new string('d', 64), last), journal.Header);
        }

        Assert.Equal(["kept", 3_000, "two"], Load());
        using var again = JournalFile.Open(Options);
        Assert.Equal(last, again.Header.Last);
        Assert.Equal([Options.Path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Open_CrashDuringRotation_HasTheOldFile()
    {
        using (var journal = JournalFile.Create(Options, 0, 0, Root))
        {
            journal.Append("one"u8);
        }

        File.WriteAllBytes(Options.Path + ".new", new byte[37]);
        Assert.Equal(["one"], Load());
        using (var journal = JournalFile.Open(Options))
        {
            journal.Rotate(0, 1, Root, []);
        }

        Assert.Empty(Load());
    }

    [Fact]
    public void Append_OutsideTheLimits_IsRefusedAndNothingWritten()
    {
        using var journal = JournalFile.Create(Options with { FileBytesMax = 2_097_152 }, 0, 0, Root);
        Assert.Throws<ArgumentOutOfRangeException>(() => journal.Append([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => journal.Append(new byte[1_048_577]));
        journal.Append(new byte[1_048_576]);
        var full = Assert.Throws<JournalException>(() => journal.Append(new byte[1_048_576]));
        Assert.Equal(JournalError.JournalFull, full.Error);
        journal.Append("still"u8);
        Assert.Equal([1_048_576, 5], journal.Replay().Select(b => b.Length));
    }

    [Theory]
    [InlineData("""{"base":{"epoch":0,"root":"R","seq":0},"genesis":"G","kid":"K"} """)]
    [InlineData("""{"base":{"epoch":00,"root":"R","seq":0},"genesis":"G","kid":"K"}""")]
    [InlineData("""{"genesis":"G","base":{"epoch":0,"root":"R","seq":0},"kid":"K"}""")]
    [InlineData("""{"base":{"epoch":0,"root":"R","seq":0},"genesis":"G","kid":"K","more":1}""")]
    [InlineData("""{"base":{"epoch":-1,"root":"R","seq":0},"genesis":"G","kid":"K"}""")]
    [InlineData("""{"base":{"epoch":0,"root":"R","seq":9007199254740992},"genesis":"G","kid":"K"}""")]
    [InlineData("""{"base":{"epoch":0,"root":"R"},"genesis":"G","kid":"K"}""")]
    [InlineData("""{"base":{"epoch":0,"root":"R","seq":0},"genesis":"G","kid":"K","last":null}""")]
    [InlineData("""[]""")]
    [InlineData("""{""")]
    public void Header_NotCanonical_IsRefused(string template)
    {
        var text = template.Replace("\"R\"", $"\"{Root}\"", StringComparison.Ordinal)
            .Replace("\"G\"", $"\"{Genesis}\"", StringComparison.Ordinal)
            .Replace("\"K\"", $"\"{Kid}\"", StringComparison.Ordinal);
        Assert.Null(JournalHeader.TryDecode(Encoding.ASCII.GetBytes(text)));
        File.WriteAllBytes(Options.Path, [.. "FLJ1"u8, .. Entry(new byte[32], Encoding.ASCII.GetBytes(text))]);
        Refused(JournalError.JournalConflict);
    }

    // Four entries, the last with a body that looks like an entry itself; the ends include that of the header.
    private (byte[] Bytes, List<int> Ends) Sample()
    {
        File.Delete(Options.Path);
        var ends = new List<int>();
        using (var journal = JournalFile.Create(Options, 0, 0, Root))
        {
            ends.Add((int)journal.End);
            for (var i = 1; i <= 4; i++)
            {
                journal.Append(Body(i));
                ends.Add((int)journal.End);
            }
        }

        return (File.ReadAllBytes(Options.Path), ends);
    }

    private static byte[] Body(int i) => i == 4
        ? [.. new byte[3], .. Encoding.ASCII.GetBytes("entry four, long enough for pieces: " + new string('x', 90))]
        : Encoding.ASCII.GetBytes($"entry {i}");

    private static object[] Sampled(int count) => [.. Enumerable.Range(1, count).Select(i => Shown(Body(i)))];

    private static object Shown(byte[] body) => body.Length > 1_000 ? body.Length : Encoding.ASCII.GetString(body);

    private object[] Load()
    {
        using var journal = JournalFile.Open(Options);
        return [.. journal.Replay().Select(Shown)];
    }

    private void AppendsAfterwards()
    {
        object[] before;
        using (var journal = JournalFile.Open(Options))
        {
            before = [.. journal.Replay().Select(Shown)];
            journal.Append("after"u8);
        }

        Assert.Equal([.. before, "after"], Load());
    }

    private void Refused(JournalError error, JournalOptions? options = null)
    {
        var refused = Assert.Throws<JournalException>(() => JournalFile.Open(options ?? Options));
        Assert.Equal(error, refused.Error);
        Assert.Equal(error == JournalError.JournalConflict, refused.Failure == VerificationFailure.JournalConflict);
    }

    private static byte[] Entry(byte[] previous, byte[] body)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, body.Length);
        return [.. length, .. body, .. SHA256.HashData([.. previous, .. length, .. body])];
    }
}
