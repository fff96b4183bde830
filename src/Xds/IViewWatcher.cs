namespace Fairlead.Xds;

/// <summary>Hears that a view serves something else of what it watches.</summary>
internal interface IViewWatcher
{
    /// <summary>There may be news. Does not block; called from whoever publishes, also where nothing changed.</summary>
    void Wake();
}
