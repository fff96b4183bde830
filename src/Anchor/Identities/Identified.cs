using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>Who a caller is, and until when that need not be looked at again. Immutable.</summary>
/// <param name="Subject">The subject of the own segment.</param>
/// <param name="Until">Unix milliseconds.</param>
internal sealed record Identified(Subject Subject, long Until);
