namespace Fairlead.Rpc;

/// <summary>How a message is written. Immutable.</summary>
public class WriteOptions
{
    /// <summary>No flags.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>Options with these flags.</summary>
    public WriteOptions(WriteFlags flags = 0) => Flags = flags;

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; }
}
