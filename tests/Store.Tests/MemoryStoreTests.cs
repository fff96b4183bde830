using Fairlead.Store.Memory;
using Fairlead.Store.Tests.Conformance;

namespace Fairlead.Store.Tests;

public sealed class MemoryStoreTests : StoreConformance
{
    protected override ValueTask<IStore> OpenAsync(StoreLimits limits) =>
        ValueTask.FromResult<IStore>(new MemoryStore(Time, limits));
}
