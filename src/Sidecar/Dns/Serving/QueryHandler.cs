using System.Net;
using Fairlead.Resolver;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// From the bytes of a question to those of the answer. Questions that need no wait are answered on the caller's thread
/// and take no place among the waiting; those that wait for traversals and those for upstreams have places of their
/// own. Thread-safe.
/// </summary>
internal sealed class QueryHandler
{
    private static readonly DnsReply Busy =
        DnsReply.Failed(DnsRcode.ServFail, ExtendedErrorCode.Other, "too many questions wait");

    private readonly DnsOptions _options;
    private readonly AskedNames _names;
    private readonly VipBook _vips;
    private readonly ReverseAnswers _reverse;
    private readonly Forwarder _forwarder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private int _traversing;
    private int _forwarding;
    private int _rotation;
    private volatile uint _ttlMax;
    private volatile DnsZones _zones;

    internal QueryHandler(
        DnsOptions options, AskedNames names, VipBook vips, Forwarder forwarder, TimeProvider time, ILogger logger)
    {
        _options = options;
        _ttlMax = options.TtlMax;
        _zones = options.Zones;
        _names = names;
        _vips = vips;
        _reverse = new ReverseAnswers(vips.Table);
        _forwarder = forwarder;
        _time = time;
        _logger = logger;
    }

    /// <summary>What it said so far.</summary>
    internal DnsCounts Counts { get; } = new();

    /// <summary>The longest TTL that clients are told, in seconds; may change at any time.</summary>
    internal uint TtlMax
    {
        get => _ttlMax;
        set => _ttlMax = value;
    }

    /// <summary>The names that are answered here; may change at any time.</summary>
    internal DnsZones Zones
    {
        get => _zones;
        set => _zones = value;
    }

    /// <summary>
    /// The answer; null for what must get none: no header, or itself a response (RFC 1035 section 4.1.1).
    /// </summary>
    internal async ValueTask<byte[]?> HandleAsync(byte[] bytes, bool isUdp, CancellationToken cancellationToken)
    {
        if (!DnsReader.TryReadHeader(bytes, out var header) || header.IsResponse)
        {
            Counts.Dropped.Add();
            return null;
        }

        if (Refusal(bytes, header, out var query) is { } refused)
        {
            return Finish(query ?? new DnsMessage { Header = header }, refused, isUdp);
        }

        var question = query!.Questions[0];
        if (_reverse.Answer(question, TtlMax) is { } reverse)
        {
            return Finish(query, reverse, isUdp);
        }

        var target = Zones.Find(question.Name);
        if (target is { Service: null })
        {
            return Finish(query, NameAnswers.Answer(question, target, null, Context(query, isUdp)), isUdp);
        }

        if (target is null)
        {
            return await ForwardAsync(query, isUdp, cancellationToken).ConfigureAwait(false);
        }

        return Known(query, target, isUdp) is { } reply
            ? Finish(query, reply, isUdp)
            : await TraverseAsync(query, target, isUdp, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<byte[]> ForwardAsync(DnsMessage query, bool isUdp, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _forwarding) > _options.WaitingMax)
            {
                return Finish(query, Busy, isUdp);
            }

            var (response, failure) = await _forwarder.AskAsync(query, isUdp, cancellationToken).ConfigureAwait(false);
            if (response is null)
            {
                return Finish(query, failure!, isUdp);
            }

            DnsReader.TryReadHeader(response, out var header);
            Counts.Forwarded.With(DnsCounts.LabelOf(header.Rcode)).Add();
            return response;
        }
        finally
        {
            Interlocked.Decrement(ref _forwarding);
        }
    }

    /// <summary>The reply that is there without a wait; null where none is.</summary>
    private DnsReply? Known(DnsMessage query, DnsTarget target, bool isUdp)
    {
        var question = query.Questions[0];
        if (!_names.TryGet(target.Service!, out var view))
        {
            return null;
        }

        if (!NeedsVip(question, target, view))
        {
            return NameAnswers.Answer(question, target, view, Context(query, isUdp));
        }

        return _vips.TryGet(view.Name, view.Service!, out var vip)
            ? NameAnswers.Answer(question, target, view, Context(query, isUdp, vip))
            : null;
    }

    private async ValueTask<byte[]> TraverseAsync(
        DnsMessage query, DnsTarget target, bool isUdp, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _traversing) > _options.WaitingMax)
            {
                return Finish(query, Busy, isUdp);
            }

            var question = query.Questions[0];
            var view = await _names.GetAsync(target.Service!, cancellationToken).ConfigureAwait(false);
            var vip = NeedsVip(question, target, view)
                ? await _vips.GetAsync(view.Name, view.Service!, cancellationToken).ConfigureAwait(false)
                : default;
            return Finish(query, NameAnswers.Answer(question, target, view, Context(query, isUdp, vip)), isUdp);
        }
        finally
        {
            Interlocked.Decrement(ref _traversing);
        }
    }

    private static bool NeedsVip(DnsQuestion question, DnsTarget target, NameView view) =>
        view is { State: NameState.Fresh or NameState.Stale, Service.IsHeadless: false }
        && ((target.Kind == DnsTargetKind.Service && question.Type is DnsType.A or DnsType.SRV)
            || (target.Kind == DnsTargetKind.Port && question.Type == DnsType.SRV));

    /// <summary>What is refused whatever the name; null for a question to answer.</summary>
    private static DnsReply? Refusal(byte[] bytes, DnsHeader header, out DnsMessage? query)
    {
        if (!DnsReader.TryRead(bytes, out query) && header.Opcode == 0)
        {
            return new DnsReply(DnsRcode.FormErr);
        }

        if (header.Opcode != 0)
        {
            query = null; // Its sections may mean something else.
            return new DnsReply(DnsRcode.NotImp);
        }

        if (query!.Edns is { Version: > 0 })
        {
            return new DnsReply(DnsRcode.BadVers);
        }

        return query.Questions switch
        {
            not [_] => new DnsReply(DnsRcode.FormErr),
            [{ Class: not DnsClass.IN }] => DnsReply.Failed(
                DnsRcode.Refused, ExtendedErrorCode.NotSupported, "only class IN is served"),
            [{ Type: DnsType.OPT or 0 }] => new DnsReply(DnsRcode.FormErr),
            [{ Type: >= DnsType.TKEY and <= DnsType.MAILA }] => DnsReply.Failed(
                DnsRcode.Refused, ExtendedErrorCode.NotSupported, "no transfers, keys or mail agents"),
            _ => null,
        };
    }

    private AnswerContext Context(
        DnsMessage query, bool isUdp, (IPAddress? Address, string? Trouble) vip = default) => new()
    {
        Vip = vip.Address,
        VipTrouble = vip.Trouble,
        RecordsMax = Responses.RecordsMax(query, isUdp),
        Now = CacheTime.Now(_time).Monotonic,
        TtlMax = TtlMax,
        Rotation = Interlocked.Increment(ref _rotation),
    };

    private byte[] Finish(DnsMessage query, DnsReply reply, bool isUdp)
    {
        if (reply.Rcode is not (DnsRcode.NoError or DnsRcode.NXDomain) && query.Questions is [var question])
        {
            DnsLog.Unanswered(_logger, question, reply.Rcode, reply.Errors is [var first, ..] ? first.Text : "");
        }

        Counts.Answered.With(DnsCounts.LabelOf(reply.Rcode)).Add();
        return Responses.Write(query, reply, isUdp);
    }
}
