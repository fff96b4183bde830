using Fairlead.Governance;

namespace Fairlead.Anchor.Sealing;

/// <summary>What the seal loop takes: an input of the engine, or a question that is asked on the loop's task.</summary>
/// <param name="Input">The input; null for a question.</param>
/// <param name="Question">The question; it must not step the engine.</param>
/// <param name="Handled">Called once the work is done; null where nobody waits for that.</param>
internal readonly record struct LoopWork(
    SegmentInput? Input, Action<SegmentEngine>? Question, Action? Handled = null);
