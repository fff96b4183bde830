using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Passes questions on to upstreams, over what they came, and their answers back as they are. The upstream that
/// answered last is asked first; one that is silent or refuses connections is left for the next. Thread-safe.
/// </summary>
internal sealed class Forwarder
{
    private volatile IReadOnlyList<IPEndPoint> _upstreams;
    private readonly ForwarderOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Lock _randomGate = new();
    private readonly Outstanding _outstanding = new();
    private int _preferred;

    /// <param name="upstreams">In the order of preference.</param>
    /// <param name="random">Draws ids and spellings: must not be guessable in production.</param>
    internal Forwarder(
        ImmutableArray<IPEndPoint> upstreams, ForwarderOptions options, TimeProvider time, Random random)
    {
        _upstreams = upstreams;
        _options = options;
        _time = time;
        _random = random;
    }

    /// <summary>In the order of preference; may change at any time, and questions under way keep those they
    /// had.</summary>
    internal ImmutableArray<IPEndPoint> Upstreams
    {
        set => _upstreams = value;
    }

    /// <summary>Asks upstreams.</summary>
    /// <param name="client">A query with one question of a name that is not answered here.</param>
    /// <param name="isUdp">Whether the client asked in a datagram.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The response for the client, or why there is none.</returns>
    internal async ValueTask<(byte[]? Response, DnsReply? Failure)> AskAsync(
        DnsMessage client, bool isUdp, CancellationToken cancellationToken)
    {
        var upstreams = _upstreams;
        if (upstreams.Count == 0)
        {
            return (null, DnsReply.Failed(
                DnsRcode.Refused, ExtendedErrorCode.NotAuthoritative, "no upstream to forward to"));
        }

        if (_outstanding.IsCircle(client.Questions[0]))
        {
            return (null, DnsReply.Failed(
                DnsRcode.ServFail, ExtendedErrorCode.Other, "forwarding loop: an upstream sends questions back here"));
        }

        var trouble = "";
        var first = Volatile.Read(ref _preferred);
        for (var attempt = 0; attempt < Math.Max(_options.Attempts, upstreams.Count); attempt++)
        {
            var index = (first + attempt) % upstreams.Count;
            try
            {
                var answer = await AskOneAsync(upstreams[index], client, isUdp, cancellationToken)
                    .ConfigureAwait(false);
                return (answer, null);
            }
            catch (Exception e) when (e is SocketException or IOException or TimeoutException)
            {
                trouble = $"{upstreams[index]}: {e.Message}";
                Volatile.Write(ref _preferred, (index + 1) % upstreams.Count);
            }
        }

        return (null, DnsReply.Failed(
            DnsRcode.ServFail, ExtendedErrorCode.NetworkError, $"no upstream answers; {trouble}"));
    }

    private async Task<byte[]> AskOneAsync(
        IPEndPoint upstream, DnsMessage client, bool isUdp, CancellationToken cancellationToken)
    {
        UpstreamQuery query;
        lock (_randomGate)
        {
            query = new UpstreamQuery(client, isUdp, _random);
        }

        using var patience = new CancellationTokenSource(_options.Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        _outstanding.Add(query.Question);
        try
        {
            var response = isUdp
                ? await UpstreamExchange.AskUdpAsync(upstream, query, both.Token).ConfigureAwait(false)
                : null;
            response ??= await UpstreamExchange.AskTcpAsync(upstream, query, both.Token).ConfigureAwait(false);
            var relayed = query.Relay(response);
            return isUdp ? Fit(relayed, client) : relayed;
        }
        catch (OperationCanceledException)
            when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {_options.Patience.TotalSeconds:0.#} s");
        }
        finally
        {
            _outstanding.Remove(query.Question);
        }
    }

    // An answer that came over TCP, or one larger than was asked for: the client has to ask over TCP itself.
    private static byte[] Fit(byte[] response, DnsMessage client)
    {
        var limit = UpstreamQuery.UdpLimit(client);
        if (response.Length <= limit || !DnsReader.TryRead(response, out var whole))
        {
            return response;
        }

        var header = whole.Header with { Flags = (ushort)(whole.Header.Flags | DnsHeader.Truncated) };
        var cut = new DnsMessage { Header = header, Questions = whole.Questions, Edns = whole.Edns };
        return DnsWriter.Write(cut, limit);
    }
}

/// <summary>The bounds of a <see cref="Forwarder"/>. Immutable.</summary>
internal sealed record ForwarderOptions
{
    /// <value>How long one upstream may take. Default 1.5 s.</value>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <value>How often upstreams are asked for one question, at least once each. Default 3.</value>
    internal int Attempts { get; init; } = 3;
}
