using Fairlead.Xds;

namespace Fairlead.XdsHost;

/// <summary>What a host serves, name by name. Safe for concurrent use.</summary>
internal interface IServedList : IViewProvider, IAsyncDisposable
{
    /// <summary>Changes something of a name.</summary>
    /// <returns>False if there is no such name.</returns>
    bool Change(string name);
}
