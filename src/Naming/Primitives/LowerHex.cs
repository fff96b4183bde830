namespace Fairlead.Naming;

/// <summary>Hexadecimal with one form per value: lower case, exactly as long as the value.</summary>
internal static class LowerHex
{
    /// <summary>Decodes exactly 2 digits per byte of <paramref name="bytes"/>; false for anything else.</summary>
    internal static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (text.Length != 2 * bytes.Length)
        {
            return false;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            var high = Digit(text[2 * i]);
            var low = Digit(text[(2 * i) + 1]);
            if ((high | low) < 0)
            {
                return false;
            }

            bytes[i] = (byte)((high << 4) | low);
        }

        return true;
    }

    private static int Digit(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'f' => c - 'a' + 10,
        _ => -1,
    };
}
