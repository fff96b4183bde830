using System.Globalization;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller.Publishing;

/// <summary>Tells that the publisher's Credential comes to its end: once a day from 30 days before, and on when it is
/// over. Not thread-safe.</summary>
/// <param name="kid">The publisher's key.</param>
/// <param name="keyFile">Its file, for the remedy.</param>
/// <param name="logger">Hears of it.</param>
internal sealed class CredentialWatch(Digest kid, string keyFile, ILogger logger)
{
    private const long WarnBefore = 30 * Limits.Day;
    private (long End, long DaysLeft)? _told;

    /// <summary>Says what there is to say now.</summary>
    /// <param name="end">When it ends, unix ms; null where nobody said.</param>
    /// <param name="now">Unix ms.</param>
    public void Warn(long? end, long now)
    {
        if (end is not { } known || known - now > WarnBefore)
        {
            _told = null;
            return;
        }

        var left = known <= now ? -1 - ((now - known) / Limits.Day) : (known - now) / Limits.Day;
        if (_told == (known, left))
        {
            return;
        }

        _told = (known, left);
        var date = DateTimeOffset.FromUnixTimeMilliseconds(known)
            .ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        if (left < 0)
        {
            logger.CredentialEnded(kid.ToString(), date, keyFile);
        }
        else
        {
            logger.CredentialEnds(kid.ToString(), date, left, keyFile);
        }
    }
}
