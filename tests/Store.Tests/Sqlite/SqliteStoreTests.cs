using Fairlead.Store.Sqlite;
using Fairlead.Store.Tests.Conformance;

namespace Fairlead.Store.Tests.Sqlite;

public sealed class SqliteStoreTests : StoreConformance
{
    private readonly TemporaryFolder _folder = new();
    private int _opened;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }

    // Each opening of the suite wants an empty store.
    protected override async ValueTask<IStore> OpenAsync(StoreLimits limits) =>
        await SqliteStore.OpenAsync(
            new SqliteStoreOptions(_folder.File($"{_opened++}.db")) { Limits = limits, TimeProvider = Time }, Token);
}
