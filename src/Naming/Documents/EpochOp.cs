namespace Fairlead.Naming;

/// <summary>
/// The operation that made an epoch; an epoch may change only what its operation may (V44).
/// </summary>
public sealed record EpochOp
{
    /// <summary>The certified seal to start from, which clears version floors (V26).</summary>
    public Digest? Base { get; init; }

    /// <summary>The digest of the manifest; absent where no op-made leaf changes.</summary>
    public Digest? Manifest { get; init; }

    /// <summary>Why; <c>compromise</c> loosens what a rotation may replace.</summary>
    public string? Reason { get; init; }

    /// <summary>One of <see cref="OpType"/>.</summary>
    public required string Type { get; init; }

    internal static EpochOp Read(DocumentReader reader) => new()
    {
        Base = reader.OptionalDigest("base"),
        Manifest = reader.OptionalDigest("manifest"),
        Reason = reader.OptionalText("reason"),
        Type = reader.Text("type"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("base", Base);
        writer.Member("manifest", Manifest);
        writer.Member("reason", Reason);
        writer.Member("type", Type);
    }
}
