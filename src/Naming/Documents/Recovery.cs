using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// The keys that can replace all others, after a delay (V10r).
/// </summary>
public sealed record Recovery
{
    /// <summary>Between issue and effect.</summary>
    public required long Delay { get; init; }

    /// <summary>The recovery keys, ascending by text.</summary>
    public required ImmutableArray<PublicKey> Keys { get; init; }

    /// <summary>How many of them sign.</summary>
    public required long Threshold { get; init; }

    internal static Recovery Read(DocumentReader reader) => new()
    {
        Delay = reader.Integer("delay"),
        Keys = reader.Required("keys", reader.Values<PublicKey>("keys", PublicKey.TryParse, Limits.Signatures)),
        Threshold = reader.Integer("threshold"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("delay", Delay);
        writer.Texts("keys", Keys);
        writer.Member("threshold", Threshold);
    }
}
