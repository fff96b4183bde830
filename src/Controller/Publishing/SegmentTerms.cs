namespace Fairlead.Controller.Publishing;

/// <summary>What an epoch asks of who publishes.</summary>
/// <param name="Copies">How many anchors must take each document: F+1, so that an honest one has it.</param>
/// <param name="RecordLife">The longest life of a record, in ms.</param>
internal readonly record struct SegmentTerms(int Copies, long RecordLife);
