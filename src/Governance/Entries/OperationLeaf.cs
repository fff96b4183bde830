using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>A leaf that an operation made: link, peer, rule, credential, tombstone, redirect or scope.</summary>
/// <param name="Class">The leaf's class.</param>
/// <param name="Payload">The document.</param>
public sealed record OperationLeaf(LeafClass Class, ReadOnlyMemory<byte> Payload);
