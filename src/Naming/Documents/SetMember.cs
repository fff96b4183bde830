namespace Fairlead.Naming;

/// <summary>
/// A service of some segment that a Set joins.
/// </summary>
public sealed record SetMember
{
    /// <summary>The segment that must answer.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The absolute name.</summary>
    public required FullName Name { get; init; }

    /// <summary>0 first.</summary>
    public required long Priority { get; init; }

    /// <summary>Relative load within a priority.</summary>
    public required long Weight { get; init; }

    internal static SetMember Read(DocumentReader reader) => new()
    {
        Genesis = reader.Digest("genesis"),
        Name = reader.Value<FullName>("name", FullName.TryParse),
        Priority = reader.Integer("priority"),
        Weight = reader.Integer("weight"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("genesis", Genesis);
        writer.Member("name", Name);
        writer.Member("priority", Priority);
        writer.Member("weight", Weight);
    }
}
