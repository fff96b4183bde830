using Fairlead.Store.Sqlite;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Store.Tests.Sqlite;

/// <summary>A disk that is full, and has room again: a file system of 768 KiB, most of them in use, in a mount
/// namespace of its own, where this test runs a second time.</summary>
public sealed class SqliteFullTests
{
    private const string Variable = "FAIRLEAD_SMALL_DISK";
    private const string Script =
        "mount -t tmpfs -o size=768k,mode=0700 none /mnt && head -c 512k /dev/zero > /mnt/ballast && echo mounted "
        + $"&& {Variable}=/mnt exec \"$0\" -noColor -class \"$1\"";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commit_WithoutRoom_ChangesNothing_AndTheNextSucceeds()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } disk)
        {
            await FillAsync(disk);
            return;
        }

        await using var inside = ChildProcess.Start(
            "unshare",
            [
                "-m", "sh", "-c", Script, Path.Combine(AppContext.BaseDirectory, "Fairlead.Store.Tests"),
                typeof(SqliteFullTests).FullName!,
            ]);
        try
        {
            await inside.ReadLineAsync(TimeSpan.FromMinutes(1), Token);
        }
        catch (InvalidOperationException e)
        {
            Assert.Skip($"no mount namespace of its own for a small file system: {e.Message}");
        }

        var (code, output) = await inside.WaitForExitAsync(TimeSpan.FromMinutes(3), Token);
        Assert.True(code == 0 && output.Contains("Total: 1,", StringComparison.Ordinal), output);
    }

    private static async Task FillAsync(string disk)
    {
        var path = Path.Combine(disk, "store.db");
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions(path), Token);
        await store.PutAsync(StoreKey.FromText("a"), "1"u8.ToArray(), Token);
        var before = await store.GetStatusAsync(Token);

        // Sizes that end in different pages of what is written.
        for (var bytes = 400_000; bytes < 400_000 + (9 * 1_111); bytes += 1_111)
        {
            var refused = await Assert.ThrowsAsync<StoreException>(
                () => store.PutAsync(StoreKey.FromText("big"), new byte[bytes], Token).AsTask());
            Assert.Equal(StoreError.Unavailable, refused.Error);
            Assert.Contains("no space left", refused.Message, StringComparison.Ordinal);
            Assert.Equal(before, await store.GetStatusAsync(Token));
            Assert.Null(await store.GetAsync(StoreKey.FromText("big"), Token));
            await AssertHoldsAfterACrashAsync(path, before);
        }

        File.Delete(Path.Combine(disk, "ballast"));
        Assert.Equal(
            before.Revision + 1, await store.PutAsync(StoreKey.FromText("big"), new byte[100_000], Token));
        await AssertHoldsAfterACrashAsync(path, await store.GetStatusAsync(Token));
    }

    // What a killed process leaves, read where there is room.
    private static async Task AssertHoldsAfterACrashAsync(string path, StoreStatus expected)
    {
        using var folder = new TemporaryFolder();
        foreach (var suffix in new[] { "", "-wal" })
        {
            await using var from = new FileStream(path + suffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = File.Create(folder.File("store.db" + suffix));
            await from.CopyToAsync(to, Token);
        }

        await using var crashed = await SqliteStore.OpenAsync(new SqliteStoreOptions(folder.File("store.db")), Token);
        Assert.Equal(expected, await crashed.GetStatusAsync(Token));
    }
}
