namespace Fairlead.Controller.Publishing;

/// <summary>One name as the admin page shows it. Immutable.</summary>
/// <param name="Name">The service part.</param>
/// <param name="State"><c>sealed</c>, <c>accepted</c>, <c>sent</c>, <c>waiting</c>, <c>refused</c>; with
/// <c>withdraw-</c> in front of it where the name is being withdrawn, <c>withdrawn</c> when it is; <c>ended</c> where
/// its time is over, or the Credential's, without which nothing is renewed.</param>
/// <param name="Leaf">The newest version.</param>
/// <param name="Anchors">How many anchors accepted it; null where it came from their State.</param>
/// <param name="Refusal">The last refusal.</param>
internal sealed record NameStatus(string Name, string State, KnownLeaf Leaf, int? Anchors, string? Refusal)
{
    /// <summary>Whether it stays as it is, because what was read of it may be a part alone.</summary>
    public bool IsHeld { get; init; }
}
