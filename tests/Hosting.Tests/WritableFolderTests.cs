using System.Runtime.InteropServices;

namespace Fairlead.Hosting.Tests;

/// <summary>Whether a folder can be written, told without writing.</summary>
public sealed class WritableFolderTests : IDisposable
{
    private const int Nobody = 65_534;

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-writable-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Folder_ThatIsThereOrCanBeMade_IsWritable()
    {
        Assert.Null(WritableFolder.Trouble(_folder));
        Assert.Null(WritableFolder.Trouble(Path.Combine(_folder, "a", "b")));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Folder_BelowAFile_IsNot()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Equal($"{file} is a file", WritableFolder.Trouble(Path.Combine(file, "below")));
    }

    [Fact]
    public void Folder_OfAnother_IsNot()
    {
        var locked = Directory.CreateDirectory(
            Path.Combine(_folder, "locked"), UnixFileMode.UserRead | UnixFileMode.UserExecute).FullName;
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        string? at = null;
        string? below = null;
        var thread = new Thread(() =>
        {
            // Root may write everywhere: this thread alone becomes somebody else, and ends as one.
            if (Environment.IsPrivilegedProcess)
            {
                Assert.Equal(0, SetUser(Number, Nobody, Nobody, Nobody));
            }

            at = WritableFolder.Trouble(locked);
            below = WritableFolder.Trouble(Path.Combine(locked, "a", "b"));
        });
        thread.Start();
        thread.Join();
        Assert.Equal($"{locked}: Permission denied", at);
        Assert.NotNull(below);
    }

    // setresuid as the kernel has it, for one thread; the C library's would change all of them.
    private static nint Number => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static extern nint SetUser(nint number, nint real, nint effective, nint saved);
}
