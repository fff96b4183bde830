using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// The system's random bytes, for salts and openings: they hide names and documents behind their digests.
/// </summary>
internal static class Randomness
{
    internal static Hex16 Draw()
    {
        Span<byte> bytes = stackalloc byte[Hex16.Size];
        RandomNumberGenerator.Fill(bytes);
        return Hex16.FromBytes(bytes);
    }
}
