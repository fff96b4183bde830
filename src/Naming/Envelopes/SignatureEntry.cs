namespace Fairlead.Naming;

/// <summary>One signature beside a payload. Nothing here is checked.</summary>
/// <param name="Kid">The id of the key that is said to have signed.</param>
/// <param name="Value">r and s, 32 bytes each, if it is one.</param>
public readonly record struct SignatureEntry(Digest Kid, ReadOnlyMemory<byte> Value);
