using Fairlead.Files;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Configuration.Tests;

/// <summary>What is opened where a user names a file: regular files alone, and no more of them than is
/// wanted.</summary>
public sealed class RegularFileTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("pipe", false)]
    [InlineData("pipe", true)]
    [InlineData("folder", false)]
    [InlineData("folder", true)]
    [InlineData("socket", false)]
    [InlineData("device", false)]
    [InlineData("device", true)]
    public async Task Read_OfWhatIsNoFile_IsRefusedAtOnce(string what, bool isBehindLinks)
    {
        var path = what switch
        {
            "pipe" => OddFiles.Pipe(_folder),
            "folder" => _folder,
            "socket" => OddFiles.Socket(_folder),
            _ => "/dev/zero",
        };
        path = isBehindLinks ? Link("outer", Link("inner", path)) : path;

        // On the pool, where a wait without end ends nothing but this test.
        var error = await Assert.ThrowsAsync<IOException>(
            () => Task.Run(() => RegularFile.Read(path, 100), TestContext.Current.CancellationToken)
                .WaitAsync(Patience, TestContext.Current.CancellationToken));
        Assert.Equal($"it is a {what}, not a regular file", error.Message);
    }

    [Theory]
    [InlineData(0, 10, 0)]
    [InlineData(9, 10, 9)]
    [InlineData(10, 10, 10)]
    [InlineData(11, 10, 11)]
    [InlineData(100_000, 10, 11)]
    [InlineData(100_000, 200_000, 100_000)]
    public void Read_GivesOneByteMoreThanThereMayBeAtTheMost(int bytes, int bytesMax, int read)
    {
        var content = Enumerable.Range(0, bytes).Select(i => (byte)i).ToArray();
        var path = Path.Combine(_folder, "file");
        File.WriteAllBytes(path, content);
        Assert.Equal(content[..read], RegularFile.Read(Link("outer", Link("inner", path)), bytesMax));
    }

    /// <summary>Some file systems say that a file is empty which is not.</summary>
    [Fact]
    public void Read_OfAFileWithoutALength_GivesAllOfIt()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Assert.Equal(0, new FileInfo("/proc/filesystems").Length);
        Assert.Equal(File.ReadAllBytes("/proc/filesystems"), RegularFile.Read("/proc/filesystems", 1 << 20));
    }

    [Fact]
    public void Read_OfWhatIsNotThere_SaysSo()
    {
        Assert.Throws<FileNotFoundException>(() => RegularFile.Read(Path.Combine(_folder, "absent"), 10));
        Assert.Throws<FileNotFoundException>(() => RegularFile.Read(Link("outer", "absent"), 10));
        Assert.Throws<DirectoryNotFoundException>(() => RegularFile.Read(Path.Combine(_folder, "a", "b"), 10));
    }

    private string Link(string name, string target)
    {
        var path = Path.Combine(_folder, name);
        File.CreateSymbolicLink(path, target);
        return path;
    }
}
