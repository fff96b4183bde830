namespace Fairlead.Naming.Traversal;

/// <summary>A leaf's class and the name hashed for it, in the order of proofs: by class, then by the name's
/// bytes.</summary>
/// <param name="Class">The class.</param>
/// <param name="Name">The name.</param>
public readonly record struct LeafName(LeafClass Class, string Name) : IComparable<LeafName>
{
    /// <inheritdoc/>
    public int CompareTo(LeafName other) =>
        Class != other.Class ? Class.CompareTo(other.Class) : string.CompareOrdinal(Name, other.Name);

    /// <summary>Before, in the order of proofs.</summary>
    public static bool operator <(LeafName left, LeafName right) => left.CompareTo(right) < 0;

    /// <summary>Behind, in the order of proofs.</summary>
    public static bool operator >(LeafName left, LeafName right) => left.CompareTo(right) > 0;

    /// <summary>Before or equal, in the order of proofs.</summary>
    public static bool operator <=(LeafName left, LeafName right) => left.CompareTo(right) <= 0;

    /// <summary>Behind or equal, in the order of proofs.</summary>
    public static bool operator >=(LeafName left, LeafName right) => left.CompareTo(right) >= 0;
}
