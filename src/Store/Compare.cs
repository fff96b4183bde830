namespace Fairlead.Store;

/// <summary>What a comparison looks at.</summary>
public enum CompareTarget
{
    /// <summary>The key's version; 0 when the key is not alive.</summary>
    Version,

    /// <summary>The revision in which the key came to life; 0 when it is not alive.</summary>
    CreateRevision,

    /// <summary>The revision of the key's newest version; 0 when it is not alive.</summary>
    ModRevision,

    /// <summary>The value. No comparison of the value of a key that is not alive holds, not even "not equal".</summary>
    Value,
}

/// <summary>How a comparison relates what it finds to the operand.</summary>
public enum CompareRelation
{
    /// <summary>They are the same.</summary>
    Equal,

    /// <summary>They differ.</summary>
    NotEqual,

    /// <summary>What is found is above the operand; values compare as unsigned bytes.</summary>
    Greater,

    /// <summary>What is found is below the operand; values compare as unsigned bytes.</summary>
    Less,
}

/// <summary>One condition of a transaction, on the state before it. Immutable.</summary>
/// <param name="Key">The key looked at.</param>
/// <param name="Target">The part of its state.</param>
/// <param name="Relation">The relation that must hold.</param>
/// <param name="Number">The operand of the three numeric targets.</param>
/// <param name="Value">The operand of <see cref="CompareTarget.Value"/>.</param>
public sealed record Compare(
    StoreKey Key, CompareTarget Target, CompareRelation Relation, long Number, ReadOnlyMemory<byte> Value)
{
    /// <summary>The key is not alive.</summary>
    public static Compare Absent(StoreKey key) => new(key, CompareTarget.Version, CompareRelation.Equal, 0, default);

    /// <summary>The key's newest version is of <paramref name="revision"/>; 0: it is not alive.</summary>
    public static Compare ModRevision(StoreKey key, long revision) =>
        new(key, CompareTarget.ModRevision, CompareRelation.Equal, revision, default);

    /// <summary>The key is alive and has exactly this value.</summary>
    public static Compare ValueEquals(StoreKey key, ReadOnlyMemory<byte> value) =>
        new(key, CompareTarget.Value, CompareRelation.Equal, 0, value);

    /// <summary>Whether the condition holds for the live <paramref name="entry"/> of the key, null when there is none.
    /// </summary>
    public bool Holds(StoreEntry? entry)
    {
        if (Target == CompareTarget.Value)
        {
            // etcd: a value that is absent compares with nothing, since empty and absent look alike on the wire.
            return entry is not null && Holds(entry.Value.Span.SequenceCompareTo(Value.Span));
        }

        var found = Target switch
        {
            CompareTarget.Version => entry?.Version ?? 0,
            CompareTarget.CreateRevision => entry?.CreateRevision ?? 0,
            CompareTarget.ModRevision => entry?.ModRevision ?? 0,
            _ => throw new InvalidOperationException($"unknown comparison target {Target}"),
        };
        return Holds(found.CompareTo(Number));
    }

    private bool Holds(int order) => Relation switch
    {
        CompareRelation.Equal => order == 0,
        CompareRelation.NotEqual => order != 0,
        CompareRelation.Greater => order > 0,
        CompareRelation.Less => order < 0,
        _ => throw new InvalidOperationException($"unknown comparison relation {Relation}"),
    };
}
