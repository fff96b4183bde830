using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// The thresholds of an epoch and what they are worth (V11).
/// </summary>
public sealed record Quorum
{
    /// <summary>The computed tags, see <see cref="AssuranceTags"/>.</summary>
    public ImmutableArray<string> Assurance { get; init; } = [];

    /// <summary>How many anchors must decide about an asker.</summary>
    public required long Attest { get; init; }

    /// <summary>How many lying anchors are tolerated.</summary>
    public required long F { get; init; }

    /// <summary>Minima of certificates by gov keys.</summary>
    public ImmutableArray<GroupMinimum> GovGroups { get; init; } = [];

    /// <summary>Minima of certificates by seal keys.</summary>
    public ImmutableArray<GroupMinimum> SealGroups { get; init; } = [];

    /// <summary>Signers of an epoch.</summary>
    public required long TGov { get; init; }

    /// <summary>Signers of a seal.</summary>
    public required long TSeal { get; init; }

    internal static Quorum Read(DocumentReader reader) => new()
    {
        Assurance = reader.Texts("assurance"),
        Attest = reader.Integer("attest"),
        F = reader.Integer("f"),
        GovGroups = reader.Objects(
            "gov_groups",
            GroupMinimum.Read,
            Limits.Anchors,
            static (left, right) => string.CompareOrdinal(left.Group, right.Group)),
        SealGroups = reader.Objects(
            "seal_groups",
            GroupMinimum.Read,
            Limits.Anchors,
            static (left, right) => string.CompareOrdinal(left.Group, right.Group)),
        TGov = reader.Integer("t_gov"),
        TSeal = reader.Integer("t_seal"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Texts("assurance", Assurance);
        writer.Member("attest", Attest);
        writer.Member("f", F);
        writer.Objects("gov_groups", GovGroups, static (inner, value) => value.WriteMembers(inner));
        writer.Objects("seal_groups", SealGroups, static (inner, value) => value.WriteMembers(inner));
        writer.Member("t_gov", TGov);
        writer.Member("t_seal", TSeal);
    }
}
