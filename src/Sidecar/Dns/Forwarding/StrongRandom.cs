using System.Security.Cryptography;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The operating system's randomness as a <see cref="Random"/>: ids and spellings of queries must not be guessed
/// (RFC 5452 section 4.3), and what many sidecars draw must not be the same. Thread-safe.
/// </summary>
internal sealed class StrongRandom() : Random(0)
{
    public override int Next() => RandomNumberGenerator.GetInt32(int.MaxValue);

    public override int Next(int maxValue) => Next(0, maxValue);

    public override int Next(int minValue, int maxValue) =>
        minValue == maxValue ? minValue : RandomNumberGenerator.GetInt32(minValue, maxValue);

    public override void NextBytes(byte[] buffer) => RandomNumberGenerator.Fill(buffer);

    public override void NextBytes(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);

    protected override double Sample() => RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue;
}
