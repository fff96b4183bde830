using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>What an entry is about: the class and name of the published document. A withdrawal has the name of what it
/// withdraws. Ordered by class, then by the name's bytes.</summary>
/// <param name="Class">The class of the published document.</param>
/// <param name="Name">The name hashed for that class.</param>
public readonly record struct EntryName(LeafClass Class, string Name) : IComparable<EntryName>
{
    /// <inheritdoc/>
    public int CompareTo(EntryName other) =>
        Class != other.Class ? Class.CompareTo(other.Class) : string.CompareOrdinal(Name, other.Name);

    /// <summary>Before, in the order of states.</summary>
    public static bool operator <(EntryName left, EntryName right) => left.CompareTo(right) < 0;

    /// <summary>Behind, in the order of states.</summary>
    public static bool operator >(EntryName left, EntryName right) => left.CompareTo(right) > 0;

    /// <summary>Before or equal, in the order of states.</summary>
    public static bool operator <=(EntryName left, EntryName right) => left.CompareTo(right) <= 0;

    /// <summary>Behind or equal, in the order of states.</summary>
    public static bool operator >=(EntryName left, EntryName right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Class} {Name}";
}
