namespace Fairlead.Naming;

/// <summary>
/// Whom a Rule speaks of; what is absent matches anything.
/// </summary>
public sealed record RuleSubject
{
    /// <summary>What stands for any segment.</summary>
    public const string Any = "*";

    /// <summary>A service account.</summary>
    public string? Account { get; init; }

    /// <summary>A namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>A genesis digest in hex, or <see cref="Any"/>.</summary>
    public required string Segment { get; init; }

    /// <summary>Whether a text is what <see cref="Segment"/> may be.</summary>
    public static bool IsSegment(string? text) => text == Any || Digest.TryParse(text, out _);

    internal static int Compare(RuleSubject left, RuleSubject right) =>
        Encode(left).AsSpan().SequenceCompareTo(Encode(right));

    private static byte[] Encode(RuleSubject subject) =>
        CanonicalWriter.Encode(subject, static (writer, value) => value.WriteMembers(writer));

    internal static RuleSubject Read(DocumentReader reader) => new()
    {
        Account = reader.OptionalText("account"),
        Namespace = reader.OptionalText("namespace"),
        Segment = ReadSegment(reader),
    };

    // A deny of a segment that cannot be would deny nobody.
    private static string ReadSegment(DocumentReader reader)
    {
        var text = reader.Text("segment");
        reader.Unless(IsSegment(text), "segment", $"neither a genesis digest nor {Any}");
        return text;
    }

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("account", Account);
        writer.Member("namespace", Namespace);
        writer.Member("segment", Segment);
    }
}
