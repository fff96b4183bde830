using System.Text;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.State;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.State;

public sealed class DurableFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-state-").FullName;

    private string FilePath => Path.Combine(_folder, "state.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_NoFile_IsNull() => Assert.Null(new DurableFile(FilePath).Load());

    [Theory]
    [InlineData("")]
    [InlineData("{\"format\":1}")]
    [InlineData("\n\n")]
    public void Load_AfterSave_ReturnsTheContent(string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        new DurableFile(FilePath).Save("an older and longer content than what follows"u8);
        new DurableFile(FilePath).Save(content);
        Assert.Equal(content, new DurableFile(FilePath).Load());
        Assert.Equal([FilePath], Directory.GetFiles(_folder));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void Load_CutOrFlippedAnywhere_IsRefused()
    {
        new DurableFile(FilePath).Save("{\"a\":1}"u8);
        var good = File.ReadAllBytes(FilePath);
        for (var at = 0; at < good.Length; at++)
        {
            File.WriteAllBytes(FilePath, good[..at]);
            Refused(StateError.StateCorrupt, () => new DurableFile(FilePath).Load());
            for (var bit = 1; bit < 256; bit <<= 1)
            {
                var bad = good.ToArray();
                bad[at] ^= (byte)bit;
                File.WriteAllBytes(FilePath, bad);
                Refused(StateError.StateCorrupt, () => new DurableFile(FilePath).Load());
            }
        }

        File.WriteAllBytes(FilePath, [.. good, (byte)'\n']);
        Refused(StateError.StateCorrupt, () => new DurableFile(FilePath).Load());
    }

    [Fact]
    public void Load_CrashBeforeTheRename_HasTheOldContentWhateverWasWritten()
    {
        new DurableFile(FilePath).Save("new content"u8);
        var written = File.ReadAllBytes(FilePath);
        new DurableFile(FilePath).Save("old"u8);
        for (var cut = 0; cut <= written.Length; cut++)
        {
            File.WriteAllBytes(FilePath + ".tmp", written[..cut]);
            Assert.Equal("old"u8.ToArray(), new DurableFile(FilePath).Load());
        }

        File.Move(FilePath + ".tmp", FilePath, overwrite: true);
        Assert.Equal("new content"u8.ToArray(), new DurableFile(FilePath).Load());
    }

    [Fact]
    public void Save_OverLeftOver_Succeeds()
    {
        File.WriteAllBytes(FilePath + ".tmp", new byte[10_000]);
        new DurableFile(FilePath).Save("x"u8);
        Assert.Equal("x"u8.ToArray(), new DurableFile(FilePath).Load());
    }

    [Fact]
    public void Content_OverTheLimit_IsRefusedAndNothingTouched()
    {
        var file = new DurableFile(FilePath, contentBytesMax: 4);
        file.Save("four"u8);
        Refused(StateError.TooLarge, () => file.Save("five!"u8));
        Assert.Equal("four"u8.ToArray(), file.Load());
        new DurableFile(FilePath).Save("five!"u8);
        Refused(StateError.TooLarge, () => file.Load());
    }

    [Fact]
    [MaliciousInput(96, "state directory read-only: StateNotDurable")]
    public void Save_ReadOnlyFolder_IsStateNotDurable()
    {
        // Permissions do not bind root; the kernel's process folder does.
        var folder = Environment.IsPrivilegedProcess ? "/proc" : ReadOnly(_folder);
        Refused(StateError.StateNotDurable, () => new DurableFile(Path.Combine(folder, "state.json")).Save("x"u8));
        Refused(StateError.StateNotDurable, () => new DurableFile(Path.Combine(_folder, "no/such")).Save("x"u8));
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>V39: an answer whose state the disk does not take is refused, and nothing of it is
    /// remembered.</summary>
    [Fact]
    [MaliciousInput(96, "state directory read-only: StateNotDurable")]
    public void Verify_WithoutADurableState_StateNotDurable()
    {
        var world = new PeerWorld();
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "state")).FullName;
        var memory = new VerifierMemory(
            world.State.Home, [], TestKeys.Key(1), VerifierOptions.Default, Path.Combine(folder, "state.json"));
        Directory.Delete(folder);

        var (answer, refusal) = memory.Verify(world.Ask().Query, world.Answer(), world.Now);

        Assert.Null(answer);
        Assert.Equal(VerificationFailure.StateNotDurable, refusal!.Failure);
        Assert.Empty(memory.State.Segments);

        Directory.CreateDirectory(folder);
        Assert.NotNull(memory.Verify(world.Ask().Query, world.Answer(), world.Now).Answer);
        Assert.Equal(2, memory.State.Segments.Count);
    }

    private static string ReadOnly(string folder)
    {
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return folder;
    }

    private void Refused(StateError error, Action request)
    {
        var refused = Assert.Throws<StateException>(request);
        Assert.Equal(error, refused.Error);
        Assert.True(error != StateError.StateCorrupt || refused.Message.Contains(FilePath, StringComparison.Ordinal));
    }
}
