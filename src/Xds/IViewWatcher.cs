namespace Fairlead.Xds;

/// <summary>Hears that a view serves something else of what it watches.</summary>
internal interface IViewWatcher
{
    /// <summary>Tells it from every other watcher of its view, which gives it the number when it joins.</summary>
    long Number { get; set; }

    /// <summary>There may be news. Does not block; called from whoever publishes, also where nothing changed.</summary>
    void Wake();
}
