using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>Who asks: a subject of a home segment, as its own segment knows it. Immutable.</summary>
/// <param name="Home">The home's genesis.</param>
/// <param name="Subject">Namespace and account.</param>
internal sealed record Consumer(Digest Home, Naming.Subject Subject)
{
    /// <summary>The digest under which queries and Attests name it.</summary>
    internal Digest Digest { get; } = Hashes.Subject(Home, Subject);
}
