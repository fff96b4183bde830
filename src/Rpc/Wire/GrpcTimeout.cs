using System.Globalization;

namespace Fairlead.Rpc;

/// <summary>The header <c>grpc-timeout</c>: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").</summary>
internal static class GrpcTimeout
{
    private const long ValueMax = 99_999_999;

    // A timer takes no more than this; a longer timeout is no deadline anyone can tell from it.
    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(49);

    public static string Format(TimeSpan timeout)
    {
        // Rounded up, so that a server never gives up before its client.
        var rounded = (timeout.Ticks + TimeSpan.TicksPerMicrosecond - 1) / TimeSpan.TicksPerMicrosecond;
        var microseconds = Math.Max(1, rounded);
        (long Size, char Unit)[] units = [(1, 'u'), (1_000, 'm'), (1_000_000, 'S'), (60_000_000, 'M')];
        foreach (var (size, unit) in units)
        {
            var value = (microseconds + size - 1) / size;
            if (value <= ValueMax)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
            }
        }

        var hours = Math.Min(ValueMax, microseconds / 3_600_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"{hours}H");
    }

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9
            || !long.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        long? ticks = text[^1] switch
        {
            'n' => Math.Max(value == 0 ? 0 : 1, value / 100),
            'u' => value * TimeSpan.TicksPerMicrosecond,
            'm' => value * TimeSpan.TicksPerMillisecond,
            'S' => value * TimeSpan.TicksPerSecond,
            'M' => value * TimeSpan.TicksPerMinute,
            'H' => value * TimeSpan.TicksPerHour,
            _ => null,
        };
        timeout = TimeSpan.FromTicks(ticks ?? 0);
        return ticks is not null;
    }

    /// <summary>The time a timer can wait for.</summary>
    public static TimeSpan ForTimer(TimeSpan timeout) =>
        timeout <= TimeSpan.Zero ? TimeSpan.Zero : timeout > TimerMax ? TimerMax : timeout;
}
