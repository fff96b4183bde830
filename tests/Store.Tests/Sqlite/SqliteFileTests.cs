using System.Text;
using Fairlead.Store.Sqlite;
using Fairlead.TestKit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Fairlead.Store.Tests.Sqlite;

public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Database => _folder.File("store.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_Again_FindsIdentityHistoryAndCompaction()
    {
        StoreStatus before;
        await using (var store = await OpenAsync(seed: 1))
        {
            await store.PutAsync(StoreKey.FromText("a"), "1"u8.ToArray(), Token);
            await store.PutAsync(StoreKey.FromText("a"), "2"u8.ToArray(), Token);
            await store.DeleteAsync(KeyRange.All, Token);
            await store.CompactAsync(3, Token);
            before = await store.GetStatusAsync(Token);
        }

        await using var again = await OpenAsync(seed: 2);
        Assert.Equal(before, await again.GetStatusAsync(Token));
        var old = await again.RangeAsync(new(KeyRange.All) { Revision = 3 }, Token);
        Assert.Equal("2", Encoding.UTF8.GetString(Assert.Single(old.Entries).Value.Span));
        Assert.Equal(5, await again.PutAsync(StoreKey.FromText("a"), default, Token));
    }

    [Fact]
    public async Task Identity_OfTwoStores_Differs()
    {
        await using var one = await OpenAsync(seed: 1);
        await using var two = await SqliteStore.OpenAsync(new SqliteStoreOptions(_folder.File("two.db")), Token);
        Assert.NotEqual((await one.GetStatusAsync(Token)).Identity, (await two.GetStatusAsync(Token)).Identity);
    }

    [Fact]
    public async Task Lease_AfterReopening_HasItsWholeLifeAndItsKeys()
    {
        await using (var store = await OpenAsync())
        {
            await store.GrantLeaseAsync(TimeSpan.FromSeconds(10), 7, Token);
            var put = new Operation.Put(StoreKey.FromText("a"), default, 7);
            await store.CommitAsync(new Transaction { Success = [put] }, Token);
            _time.Advance(TimeSpan.FromSeconds(9));
        }

        await using var again = await OpenAsync();
        var status = await again.GetLeaseAsync(7, Token);
        Assert.Equal(TimeSpan.FromSeconds(10), status.Remaining);
        Assert.Equal(StoreKey.FromText("a"), Assert.Single(status.Keys));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(await again.GetAsync(StoreKey.FromText("a"), Token));
    }

    [Fact]
    public async Task Open_WhileHeld_IsRefusedAsLocked()
    {
        await using var store = await OpenAsync();
        await RefusedAsync(StoreError.Locked);
        Assert.Equal(2, await store.PutAsync(StoreKey.FromText("a"), default, Token));
    }

    [Fact]
    public async Task Open_FileOfAnotherKind_IsRefusedAndLeftAlone()
    {
        var content = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("this is no database. ", 500)));
        await File.WriteAllBytesAsync(Database, content, Token);
        await RefusedAsync(StoreError.Corrupt);
        Assert.Equal(content, await File.ReadAllBytesAsync(Database, Token));
    }

    [Fact]
    public async Task Open_DatabaseOfAnotherProgram_IsRefused()
    {
        Sql("CREATE TABLE theirs (x)");
        var refused = await RefusedAsync(StoreError.Corrupt);
        Assert.Contains("another program", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0L, Sql("SELECT count(*) FROM theirs"));
    }

    [Fact]
    public async Task Open_NewerFormat_IsRefusedByName()
    {
        await (await OpenAsync()).DisposeAsync();
        Sql("PRAGMA user_version = 2");
        var refused = await RefusedAsync(StoreError.NewerFormat);
        Assert.Contains("format 2", refused.Message, StringComparison.Ordinal);
        Sql("PRAGMA user_version = 1");
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Open_DamagedPages_IsRefusedAsCorrupt()
    {
        await using (var store = await OpenAsync())
        {
            for (var i = 0; i < 50; i++)
            {
                await store.PutAsync(StoreKey.FromText($"{i}"), new byte[2_000], Token);
            }
        }

        await using (var file = File.OpenWrite(Database))
        {
            file.Position = 2 * 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, (int)file.Length - 3 * 4096).ToArray(), Token);
        }

        await RefusedAsync(StoreError.Corrupt);
    }

    [Fact]
    public async Task Open_MissingFolder_IsRefusedAsUnavailable()
    {
        var options = new SqliteStoreOptions(_folder.File("none/store.db"));
        var refused = await Assert.ThrowsAsync<StoreException>(() => SqliteStore.OpenAsync(options, Token).AsTask());
        Assert.Equal(StoreError.Unavailable, refused.Error);
    }

    [Fact]
    public async Task Open_NewFile_IsReadableByItsOwnerOnly()
    {
        await using var store = await OpenAsync();
        await store.PutAsync(StoreKey.FromText("a"), default, Token);
        foreach (var file in Directory.GetFiles(_folder.Path))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    private async Task<StoreException> RefusedAsync(StoreError error)
    {
        var refused = await Assert.ThrowsAsync<StoreException>(() => OpenAsync());
        Assert.Equal(error, refused.Error);
        Assert.Contains(Database, refused.Message, StringComparison.Ordinal);
        return refused;
    }

    private async Task<SqliteStore> OpenAsync(int seed = 1) => await SqliteStore.OpenAsync(
        new SqliteStoreOptions(Database) { TimeProvider = _time, FillRandom = new Random(seed).NextBytes }, Token);

    private object? Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
