namespace Fairlead.Controller.Publishing;

/// <summary>Where one name stands. Mutable; owned by the engine.</summary>
internal sealed class NameState(string name)
{
    private bool _wasWhole;

    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The newest version that is known: of the anchors' State, or signed here.</summary>
    public KnownLeaf? Last { get; set; }

    /// <summary>The newest version that the anchors are known to hold, which what one of them may have invented is
    /// not.</summary>
    public KnownLeaf? Held { get; set; }

    /// <summary>The version that is on its way.</summary>
    public Publication? Current { get; set; }

    /// <summary>Since when nobody wants it, unix ms; null where somebody does or nobody knows.</summary>
    public long? MissingSince { get; set; }

    /// <summary>Whether what held it was deleted since somebody wanted it.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>The end at which it is looked at though nothing can be renewed then, unix ms; null for none.</summary>
    public long? LapseAwaited { get; set; }

    /// <summary>Whether what is published stays because what is desired may be a part of it alone, as of the last
    /// <see cref="Wanted"/>.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>What should be published; null for nothing, or where that is not known yet. While something was never
    /// read, a part of what is published may stand there, and stays with the rest of it until this run saw as much
    /// once. Where anchors disagree it is not known what is published.</summary>
    /// <param name="desired">What is desired.</param>
    /// <param name="now">Unix ms.</param>
    public Content? Wanted(DesiredState desired, long now)
    {
        if (desired.Contents.GetValueOrDefault(Name) is not { } content)
        {
            IsHeld = false;
            return null;
        }

        _wasWhole |= desired.IsComplete || Last is not { } last
            || (!last.IsDisputed && (last.Expires <= now
                || last.Content is not { } published || !content.IsShortOf(published)));
        IsHeld = !_wasWhole;
        return IsHeld ? null : content;
    }

    /// <summary>It as people see it; for a name of which a version is known.</summary>
    /// <param name="end">When the publisher's Credential ends, unix ms.</param>
    /// <param name="now">Unix ms.</param>
    public NameStatus Describe(long end, long now)
    {
        var leaf = Last!;
        if (Current is not { } current)
        {
            var rest = leaf.Content is null ? "withdrawn"
                : Math.Min(leaf.Expires, end) <= now ? "ended"
                : "sealed";
            return new(Name, rest, leaf, null, null) { IsHeld = IsHeld };
        }

        var progress = current.CountOf(AnchorFate.Accepted) > 0 ? "accepted"
            : current.CountOf(AnchorFate.Sent) > 0 ? "sent"
            : current.Refusal is not null ? "refused"
            : "waiting";
        return new(
            Name,
            leaf.Content is null ? "withdraw-" + progress : progress,
            leaf,
            current.CountOf(AnchorFate.Accepted),
            current.Refusal)
        {
            IsHeld = IsHeld,
        };
    }
}
