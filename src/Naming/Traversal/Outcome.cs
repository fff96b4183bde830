namespace Fairlead.Naming.Traversal;

/// <summary>What a verified answer says of the name.</summary>
public enum Outcome
{
    /// <summary>The name has a record.</summary>
    Record = 1,

    /// <summary>The name is proven not to exist.</summary>
    Absent = 2,

    /// <summary>A segment on the path refuses the asker.</summary>
    Denied = 3,

    /// <summary>The name has a Set: each member is a query of its own.</summary>
    Set = 4,
}
