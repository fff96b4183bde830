namespace Fairlead.Store;

/// <summary>Conditions and two lists of operations: when all conditions hold, the success list runs, else the failure
/// list; all of it at once or not at all. Immutable.</summary>
public sealed record Transaction
{
    /// <value>The conditions; default none, which holds.</value>
    public IReadOnlyList<Compare> Compares { get; init; } = [];

    /// <value>What runs when every condition holds, in order; default nothing.</value>
    public IReadOnlyList<Operation> Success { get; init; } = [];

    /// <value>What runs otherwise, in order; default nothing.</value>
    public IReadOnlyList<Operation> Failure { get; init; } = [];
}
