namespace Fairlead.Simulator;

/// <summary>Ends a run at the step that broke an invariant.</summary>
internal sealed class ViolationException(string invariant, string detail) : Exception(detail)
{
    internal string Invariant { get; } = invariant;
}
