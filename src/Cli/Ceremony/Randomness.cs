using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// The system's random bytes, for salts and openings: they hide names and documents behind their digests.
/// </summary>
internal static class Randomness
{
    internal static Hex16 Draw() => Hex16.Draw(RandomNumberGenerator.Fill);
}
