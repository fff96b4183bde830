namespace Fairlead.Naming;

/// <summary>
/// Whom a Rule speaks of; what is absent matches anything.
/// </summary>
public sealed record RuleSubject
{
    /// <summary>A service account.</summary>
    public string? Account { get; init; }

    /// <summary>A namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>A genesis digest in hex, or <c>*</c>.</summary>
    public required string Segment { get; init; }

    internal static int Compare(RuleSubject left, RuleSubject right) =>
        Encode(left).AsSpan().SequenceCompareTo(Encode(right));

    private static byte[] Encode(RuleSubject subject) =>
        CanonicalWriter.Encode(subject, static (writer, value) => value.WriteMembers(writer));

    internal static RuleSubject Read(DocumentReader reader) => new()
    {
        Account = reader.OptionalText("account"),
        Namespace = reader.OptionalText("namespace"),
        Segment = reader.Text("segment"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("account", Account);
        writer.Member("namespace", Namespace);
        writer.Member("segment", Segment);
    }
}
