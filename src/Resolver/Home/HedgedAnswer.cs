using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Home;

/// <summary>An answer that came without a subscription; verified, and its state durable. Immutable.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Raw">The same as it came.</param>
/// <param name="Bytes">Its size on the wire.</param>
internal sealed record HedgedAnswer(VerifiedAnswer Answer, UnverifiedAnswer Raw, int Bytes);
