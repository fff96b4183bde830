namespace Fairlead.Rpc;

/// <summary>Flags of one write.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message is sent at once.</summary>
    None = 0,

    /// <summary>The message may wait for the next one without this flag.</summary>
    BufferHint = 1,

    /// <summary>The message must not be compressed. Nothing is, as yet.</summary>
    NoCompress = 2,
}
