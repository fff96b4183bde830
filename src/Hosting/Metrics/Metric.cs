namespace Fairlead.Hosting;

/// <summary>One metric and its numbers at one moment. Immutable.</summary>
/// <param name="Name">Its name, as Prometheus wants it.</param>
/// <param name="IsCounter">Whether it only grows.</param>
/// <param name="Help">What it says, in a sentence.</param>
/// <param name="Label">The name of its label; empty for none.</param>
/// <param name="Samples">The values of the label and their numbers.</param>
public sealed record Metric(
    string Name, bool IsCounter, string Help, string Label, IReadOnlyList<(string Label, double Value)> Samples);
