namespace Fairlead.Naming.Traversal;

/// <summary>What an answer says it is. The numbers are those of the wire.</summary>
public enum AnswerResult
{
    /// <summary>No result; never valid.</summary>
    None = 0,

    /// <summary>The record of the name, with the slices that are admitted.</summary>
    Record = 1,

    /// <summary>The set of a shared name.</summary>
    Set = 2,

    /// <summary>A proof that the name does not exist.</summary>
    Negative = 3,

    /// <summary>The name has moved to another segment.</summary>
    Redirect = 4,

    /// <summary>The policy of the last hop refuses the asker.</summary>
    Denied = 5,
}
