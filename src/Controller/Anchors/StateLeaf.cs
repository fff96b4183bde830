using Fairlead.Naming;

namespace Fairlead.Controller.Anchors;

/// <summary>One leaf of an anchor's State. Nothing of it is checked.</summary>
/// <param name="Class">Its class.</param>
/// <param name="Bytes">The document's payload.</param>
internal sealed record StateLeaf(LeafClass Class, ReadOnlyMemory<byte> Bytes);
