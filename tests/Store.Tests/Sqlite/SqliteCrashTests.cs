using System.Text;
using Fairlead.Store.Memory;
using Fairlead.Store.Sqlite;
using Fairlead.Store.Tests.Generated;
using Xunit;

namespace Fairlead.Store.Tests.Sqlite;

public sealed class SqliteCrashTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reopen_CopyTakenWithoutClosing_HasEveryTransactionThatReturned()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("store.db");
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions(path), Token);
        for (var i = 0; i < 20; i++)
        {
            await store.PutAsync(StoreKey.FromText($"k{i % 3}"), Encoding.UTF8.GetBytes($"{i}"), Token);
            var copy = Copy(path, folder.File($"crash{i}.db"), int.MaxValue);
            await using var crashed = await SqliteStore.OpenAsync(new SqliteStoreOptions(copy), Token);
            Assert.Equal(await store.GetStatusAsync(Token), await crashed.GetStatusAsync(Token));
            Assert.Equal(await StorePair.LiveAsync(store, Token), await StorePair.LiveAsync(crashed, Token));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Reopen_LogCutAnywhere_IsThePrefixOfWholeTransactions(int seed)
    {
        output.WriteLine($"seed {seed}");
        using var folder = new TemporaryFolder();
        var path = folder.File("store.db");
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions(path), Token);
        await using var model = new MemoryStore(TimeProvider.System);
        var draw = new OperationGenerator(seed);
        var states = new Dictionary<long, string>();
        for (var i = 0; i < 40; i++)
        {
            var status = await store.GetStatusAsync(Token);
            states[status.Revision] = await StorePair.LiveAsync(model, Token);
            var put = new Operation.Put(draw.Key(), draw.Value());
            var range = draw.Range();
            var transaction = new Transaction
            {
                Success = range.Contains(put.Key) ? [put] : [put, new Operation.Delete(range)],
            };
            await store.CommitAsync(transaction, Token);
            await model.CommitAsync(transaction, Token);
        }

        var last = (await store.GetStatusAsync(Token)).Revision;
        states[last] = await StorePair.LiveAsync(model, Token);
        var length = (int)new FileInfo(path + "-wal").Length;
        var seen = new HashSet<long>();
        for (var cut = 0; cut < 120; cut++)
        {
            var copy = Copy(path, folder.File($"cut{cut}.db"), cut == 0 ? length : draw.Next(length));
            await using var crashed = await SqliteStore.OpenAsync(new SqliteStoreOptions(copy), Token);
            var revision = (await crashed.GetStatusAsync(Token)).Revision;
            Assert.Equal(states[revision], await StorePair.LiveAsync(crashed, Token));
            Assert.True(cut > 0 || revision == last, "nothing was cut, yet something is lost");
            seen.Add(revision);
            Assert.Equal(revision + 1, await crashed.PutAsync(StoreKey.FromText("after"), default, Token));
        }

        Assert.True(seen.Count > 10, $"only {seen.Count} different states were met");
    }

    // What a killed process leaves: the files as they are, no closing, no checkpoint.
    private static string Copy(string path, string copy, int logBytes)
    {
        File.WriteAllBytes(copy, ReadShared(path));
        var log = ReadShared(path + "-wal");
        File.WriteAllBytes(copy + "-wal", log[..Math.Min(logBytes, log.Length)]);
        return copy;
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
