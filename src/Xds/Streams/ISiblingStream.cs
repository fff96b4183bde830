namespace Fairlead.Xds.Streams;

/// <summary>A stream of one type beside others of its client. Thread-safe.</summary>
internal interface ISiblingStream
{
    /// <summary>What it owes its client by a snapshot of their view. Waits for its lock: ask while holding
    /// none.</summary>
    OtherStreams OwedBy(ResourceSnapshot snapshot);

    /// <summary>Hears that another stream has come to rest. Does not block.</summary>
    void Rested();
}
