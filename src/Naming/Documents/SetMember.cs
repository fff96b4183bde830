using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// A service of some segment that a Set joins.
/// </summary>
public sealed record SetMember
{
    /// <summary>The segment that must answer.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The absolute name of a service as its own segment gives it; never one under
    /// <c>clusterset.local</c>.</summary>
    public required FullName Name { get; init; }

    /// <summary>0 first; at most 127, as Envoy counts priorities.</summary>
    public required long Priority { get; init; }

    /// <summary>Relative load within a priority: 1 to 10,000.</summary>
    public required long Weight { get; init; }

    internal static SetMember Read(DocumentReader reader) => new()
    {
        Genesis = reader.Digest("genesis"),
        Name = reader.Value<FullName>("name", TryName),
        Priority = reader.Integer("priority", Limits.SetPriority),
        Weight = WeightOf(reader),
    };

    /// <summary>Reads the name of a member; else <c>BadName</c>. A Set of Sets could turn in a circle, and a host is an
    /// endpoint, not a service.</summary>
    internal static bool TryName(
        string? text, [NotNullWhen(true)] out FullName? name, [NotNullWhen(false)] out Refusal? refusal)
    {
        if (FullName.TryParse(text, out name, out refusal)
            && (name.IsClusterSet || name.Service is not { Host: null }))
        {
            refusal = new Refusal(VerificationFailure.BadName, "", $"{name} is not a service of a segment");
            name = null;
        }

        return name is not null;
    }

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("genesis", Genesis);
        writer.Member("name", Name);
        writer.Member("priority", Priority);
        writer.Member("weight", Weight);
    }
    private static long WeightOf(DocumentReader reader)
    {
        var weight = reader.Integer("weight", Limits.SetWeight);
        reader.Unless(weight > 0, "weight", "at least 1");
        return weight;
    }
}
