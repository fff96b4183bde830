namespace Fairlead.Controller.Publishing;

/// <summary>An output of the engine: one Publish call to make. Immutable.</summary>
/// <param name="Anchor">The anchor's index.</param>
/// <param name="Publications">What goes with it, in order.</param>
internal sealed record Send(int Anchor, IReadOnlyList<Publication> Publications);
