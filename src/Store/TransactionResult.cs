namespace Fairlead.Store;

/// <summary>What a transaction did. Immutable.</summary>
/// <param name="Succeeded">Whether the success list ran.</param>
/// <param name="Revision">The store's revision afterwards: the transaction's own when it wrote or deleted something.
/// </param>
/// <param name="Results">One result per operation of the list that ran, in order.</param>
public sealed record TransactionResult(bool Succeeded, long Revision, IReadOnlyList<OperationResult> Results);

/// <summary>The result of one <see cref="Operation"/>. Immutable.</summary>
public abstract record OperationResult
{
    private OperationResult()
    {
    }

    /// <summary>The key was written.</summary>
    public sealed record Put : OperationResult;

    /// <summary>The live keys of the range were deleted.</summary>
    /// <param name="Count">How many there were.</param>
    public sealed record Delete(long Count) : OperationResult;

    /// <summary>The range was read.</summary>
    /// <param name="Result">What it held.</param>
    public sealed record Get(RangeResult Result) : OperationResult;
}
