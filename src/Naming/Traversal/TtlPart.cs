namespace Fairlead.Naming.Traversal;

/// <summary>One term of the TTL formula: its name, and when it ends.</summary>
/// <param name="Name">The bound's name as it is shown: <c>record_ttl</c>, <c>seal</c>, ...</param>
/// <param name="EndsAt">The last moment it allows, in unix milliseconds, with the clock tolerance already taken
/// off.</param>
/// <param name="Segment">The segment that set the term; null for the local cap.</param>
public readonly record struct TtlPart(string Name, long EndsAt, string? Segment);
