using System.Collections.Frozen;

namespace Fairlead.Controller.Publishing;

/// <summary>What should be published now. Immutable.</summary>
/// <param name="Contents">By name.</param>
/// <param name="Held">Names whose present state must stay, whatever it is.</param>
/// <param name="IsComplete">Whether what is missing is really unwanted; else no name is withdrawn, and none loses a
/// part that this run never saw.</param>
internal sealed record DesiredState(
    IReadOnlyDictionary<string, Content> Contents,
    IReadOnlySet<string> Held,
    bool IsComplete)
{
    /// <summary>Names that are missing because somebody took away what held them, and not because it holds less: they
    /// are withdrawn at once.</summary>
    public IReadOnlySet<string> Deleted { get; init; } = FrozenSet<string>.Empty;
}
