namespace Fairlead.Xds.Sotw;

/// <summary>Takes fields with a length off the front of a message, without a copy. Stateless.</summary>
internal static class WireReader
{
    private const int LengthDelimited = 2;

    /// <summary>Takes one field.</summary>
    /// <returns>False where there is none, or one of another kind or with a tag of more than a byte.</returns>
    public static bool TryTake(scoped ref ReadOnlySpan<byte> message, out byte tag, out ReadOnlySpan<byte> value)
    {
        tag = 0;
        value = default;
        if (message.IsEmpty || message[0] >= 0x80 || (message[0] & 7) != LengthDelimited)
        {
            return false;
        }

        tag = message[0];
        var (at, length) = (1, 0UL);
        for (var shift = 0; ; shift += 7)
        {
            if (at == message.Length || shift > 28)
            {
                return false;
            }

            var next = message[at++];
            length |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                break;
            }
        }

        if (length > (ulong)(message.Length - at))
        {
            return false;
        }

        value = message.Slice(at, (int)length);
        message = message[(at + (int)length)..];
        return true;
    }
}
