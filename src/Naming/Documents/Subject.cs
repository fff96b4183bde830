namespace Fairlead.Naming;

/// <summary>
/// A consumer within its home segment.
/// </summary>
public sealed record Subject
{
    /// <summary>The service account of its pod.</summary>
    public required string Account { get; init; }

    /// <summary>The namespace of its pod.</summary>
    public required string Namespace { get; init; }

    internal static Subject Read(DocumentReader reader) => new()
    {
        Account = reader.Text("account"),
        Namespace = reader.Text("namespace"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("account", Account);
        writer.Member("namespace", Namespace);
    }
}
