using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>What an answer depends on beside the question and the name. Immutable.</summary>
internal readonly record struct AnswerContext
{
    /// <summary>The longest TTL that a client is told while an answer is stale, in seconds (trust 4.8).</summary>
    internal const uint StaleTtlMax = 30;

    /// <summary>Monotonic milliseconds.</summary>
    internal required long Now { get; init; }

    /// <summary>The longest TTL that a client is told, in seconds; of negatives too.</summary>
    internal required uint TtlMax { get; init; }

    /// <summary>As many records as can be of use to who asked: no message that reaches it holds more.</summary>
    internal required int RecordsMax { get; init; }

    /// <summary>The service's address here; null where it was not asked for.</summary>
    internal IPAddress? Vip { get; init; }

    /// <summary>Why the service has no address here.</summary>
    internal string? VipTrouble { get; init; }

    /// <summary>
    /// Where to begin in the list of endpoints, so that they share the load of clients that take the first.
    /// </summary>
    internal int Rotation { get; init; }

    /// <summary>What is left of a name's time, as a TTL in seconds; never more than what is left.</summary>
    internal uint Ttl(NameView view, bool isStale)
    {
        var left = Math.Clamp((view.ExpiresAt - Now) / 1000, 0, isStale ? Math.Min(StaleTtlMax, TtlMax) : TtlMax);
        return (uint)left;
    }

    /// <summary>How long a client may believe that something is not part of a name's service, as a TTL in seconds: no
    /// longer than the name itself is told.</summary>
    internal uint NegativeTtl(ServiceView service, uint ttl)
    {
        var most = Math.Min(service.NegativeTtl, service.NegativesEnd - Now);
        return (uint)Math.Clamp(most / 1000, 0, ttl);
    }
}
