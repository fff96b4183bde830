using Fairlead.Controller.Publishing;

namespace Fairlead.Controller.Anchors;

/// <summary>What an anchor says of one entry of a call.</summary>
/// <param name="Index">The entry's place in the call.</param>
/// <param name="Fate">How far it got.</param>
/// <param name="Refusal">The error's name, a colon, its detail; null unless refused.</param>
internal sealed record PublishReport(int Index, AnchorFate Fate, string? Refusal);
