namespace Fairlead.Controller.Publishing;

/// <summary>A signed version and where it went. Mutable; owned by the engine.</summary>
internal sealed class Publication(Plan plan, SignedEntry entry)
{
    /// <summary>What was signed.</summary>
    public Plan Plan { get; } = plan;

    /// <summary>The signed document.</summary>
    public SignedEntry Entry { get; } = entry;

    /// <summary>Per anchor; absent where it has not been sent, or may be sent again.</summary>
    public Dictionary<int, AnchorFate> Fates { get; } = [];

    /// <summary>Rounds that ended with too few anchors.</summary>
    public int Failures { get; set; }

    /// <summary>The last refusal, for people.</summary>
    public string? Refusal { get; set; }

    /// <summary>Whether a newer version of the name took its place, or enough anchors sealed it.</summary>
    public bool IsOver { get; set; }

    /// <summary>Whether it waits to be sent, so that it stands in a queue only once.</summary>
    public bool IsQueued { get; set; }

    /// <summary>How many anchors got at least as far as <paramref name="fate"/>; a refusal is not far.</summary>
    public int CountOf(AnchorFate fate) =>
        Fates.Values.Count(value => value != AnchorFate.Refused && value >= fate);
}
