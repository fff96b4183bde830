using Fairlead.Naming;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>With whom a relayed question is counted: the segment whose anchor asks, and for which home it does; the
/// same one where the home asks itself. Immutable.</summary>
/// <param name="By">Whose key is proven.</param>
/// <param name="Home">For whom it asks.</param>
internal readonly record struct RelayAsker(Digest By, Digest Home)
{
    /// <summary>A home that asks itself.</summary>
    internal static RelayAsker Self(Digest home) => new(home, home);

    /// <summary>Both as one, to be counted by.</summary>
    internal Digest Pair => By == Home ? By : Digest.Sha256([.. By.ToArray(), .. Home.ToArray()]);
}
