using System.Buffers.Binary;

namespace Fairlead.Resolver.State;

/// <summary>
/// Finds the entries of a <see cref="StateLog"/> and tells an append that a crash left unfinished, which was used by
/// nobody, from damage: after the first there is nothing. Used once.
/// </summary>
/// <param name="bytes">The whole file, whose head was checked.</param>
internal sealed class StateLogScan(byte[] bytes)
{
    private readonly byte[] _check = bytes[StateLog.Magic.Length..StateLog.HeadBytes];

    /// <summary>Where the entries end.</summary>
    internal int End { get; private set; } = StateLog.HeadBytes;

    /// <summary>The check of the last one.</summary>
    internal ReadOnlySpan<byte> LastCheck => _check;

    /// <summary>The bodies; null where something in between is damaged.</summary>
    internal List<byte[]>? Run()
    {
        var bodies = new List<byte[]>();
        while (BodyAt(End, _check) is { } length)
        {
            var framed = StateLog.LengthBytes + length;
            bodies.Add(bytes[(End + StateLog.LengthBytes)..(End + framed)]);
            bytes.AsSpan(End + framed, StateLog.CheckBytes).CopyTo(_check);
            End += framed + StateLog.CheckBytes;
        }

        return IsUnfinished() ? bodies : null;
    }

    // One append at most is unfinished; its bytes, if any, are all there is.
    private bool IsUnfinished()
    {
        var longest = StateLog.BodyBytesMax + StateLog.FrameBytes;
        if (bytes.Length - End > longest && bytes.AsSpan(End + longest).ContainsAnyExcept((byte)0))
        {
            return false;
        }

        // The check of the damaged entry: its successor hangs on it as it should be.
        var stated = LengthAt(End);
        if (stated > 0)
        {
            var framed = StateLog.LengthBytes + stated;
            Span<byte> check = stackalloc byte[StateLog.CheckBytes];
            StateLog.Check(_check, bytes.AsSpan(End, framed), check);
            if (BodyAt(End + framed + StateLog.CheckBytes, check) is not null)
            {
                return false;
            }
        }

        // Its length or body: its successor hangs on the check that stands right before it.
        for (var at = End + StateLog.FrameBytes; at <= Math.Min(bytes.Length, End + longest); at++)
        {
            if (BodyAt(at, bytes.AsSpan(at - StateLog.CheckBytes, StateLog.CheckBytes)) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private int? BodyAt(int at, ReadOnlySpan<byte> previous)
    {
        var length = LengthAt(at);
        if (length == 0)
        {
            return null;
        }

        var framed = StateLog.LengthBytes + length;
        Span<byte> check = stackalloc byte[StateLog.CheckBytes];
        StateLog.Check(previous, bytes.AsSpan(at, framed), check);
        return check.SequenceEqual(bytes.AsSpan(at + framed, StateLog.CheckBytes)) ? length : null;
    }

    // 0 where no entry that fits stands there.
    private int LengthAt(int at)
    {
        if (at + StateLog.FrameBytes > bytes.Length)
        {
            return 0;
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
        return length <= StateLog.BodyBytesMax && at + StateLog.FrameBytes + length <= bytes.Length ? (int)length : 0;
    }
}
