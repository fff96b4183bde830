using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>An entry as its publisher made it: what the checkers know without asking the engine.</summary>
/// <param name="Source">The signed document.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Rank">1 for a withdrawal.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Expires">Its expiry.</param>
/// <param name="Publisher">The kid that signed it.</param>
internal sealed record IssuedEntry(
    SignedEntry Source, EntryName Name, long Version, int Rank, Digest Digest, long Expires, Digest Publisher)
{
    internal bool IsAbove(IssuedEntry other) =>
        (Version, Rank).CompareTo((other.Version, other.Rank)) is var order
        && (order != 0 ? order : Digest.CompareTo(other.Digest)) > 0;
}
