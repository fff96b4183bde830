namespace Fairlead.Xds.Streams;

/// <summary>A stream of either variant, for operators. Thread-safe.</summary>
internal interface IStreamSession
{
    /// <summary>What operators see of it; null until its first request came.</summary>
    StreamStatus? Describe();
}
