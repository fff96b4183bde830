using System.Net;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.TestKit.Wire;
using Google.Protobuf;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>Where a connection ends.</summary>
internal enum AbortPlace
{
    BeforeAByte,
    WithinThePreface,
    AfterTheSettings,
    WithinTheHeaders,
    BeforeARequest,
    WithinARequest,
    WithoutReading,
    AfterTheResponse,
    AfterTheAcknowledgement,
    AfterARefusal,
    AfterOtherNames,
    AfterNamesGivenUp,
    ByAReset,
    ByAHalfClose,
    ByAGoodbye,
    ByAWrongFrame,
    ByABadMessage,
    WithManyStreams,
}

/// <summary>A client that connects, does a part of what clients do, and is gone. Which part, and of which service, is
/// random. One caller at a time.</summary>
internal sealed class AbortingClient(EndPoint target, Random random, int names)
{
    private const int NamesMax = 8;

    // Of these and so many names a connection's window takes all that comes.
    private const int StreamsMax = 6;

    private static readonly AbortPlace[] Places = Enum.GetValues<AbortPlace>();

    private static readonly (string Path, bool IsDelta)[] Services =
    [
        ("/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources", false),
        ("/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources", true),
        ("/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints", false),
        ("/envoy.service.endpoint.v3.EndpointDiscoveryService/DeltaEndpoints", true),
    ];

    /// <summary>How many responses came.</summary>
    internal int Responses { get; private set; }

    /// <summary>Connects once.</summary>
    /// <returns>Where the connection ended.</returns>
    internal async Task<AbortPlace> RunAsync(CancellationToken cancellationToken)
    {
        var place = Places[random.Next(Places.Length)];
        using var connection = await RawHttp2.ConnectAsync(target, cancellationToken);
        await SendAsync(connection, Opening(place), cancellationToken);
        if (place is AbortPlace.WithManyStreams)
        {
            await ManyAsync(connection, cancellationToken);
        }
        else if (place >= AbortPlace.WithoutReading)
        {
            await TalkAsync(connection, place, 1, cancellationToken);
        }

        return place;
    }

    private byte[] Opening(AbortPlace place)
    {
        var (path, isDelta) = Services[random.Next(Services.Length)];
        var call = RawHttp2.Call(1, path);
        var request = Said(1, Request(isDelta, Some(), [], "", isRefusal: false));
        return place switch
        {
            AbortPlace.BeforeAByte => [],
            AbortPlace.WithinThePreface => RawHttp2.Start[..17],
            AbortPlace.WithinTheHeaders => [.. RawHttp2.Start, .. call[..random.Next(1, call.Length)]],
            AbortPlace.BeforeARequest => [.. RawHttp2.Start, .. call],
            AbortPlace.WithinARequest => [.. RawHttp2.Start, .. call, .. request[..random.Next(1, request.Length)]],
            _ => RawHttp2.Start,
        };
    }

    private static ValueTask SendAsync(RawHttp2 connection, byte[] bytes, CancellationToken cancellationToken) =>
        connection.SendAsync(bytes, cancellationToken);

    private async Task ManyAsync(RawHttp2 connection, CancellationToken cancellationToken)
    {
        for (var stream = 1; stream < 2 * StreamsMax; stream += 2)
        {
            var place = (AbortPlace)random.Next(
                (int)AbortPlace.WithoutReading, (int)AbortPlace.ByAGoodbye);
            await TalkAsync(connection, place, stream, cancellationToken);
        }
    }

    private async Task TalkAsync(
        RawHttp2 connection, AbortPlace place, int stream, CancellationToken cancellationToken)
    {
        var (path, isDelta) = Services[random.Next(Services.Length)];
        var asked = Some();
        var request = Request(isDelta, asked, [], "", isRefusal: false);
        await SendAsync(connection, RawHttp2.Call(stream, path), cancellationToken);
        await SendAsync(
            connection,
            place == AbortPlace.ByABadMessage ? RawHttp2.Message(stream, [0xFF, 0xFF]) : Said(stream, request),
            cancellationToken);
        if (place is AbortPlace.WithoutReading or AbortPlace.ByAReset && random.Next(2) == 0)
        {
            await SendAsync(connection, place == AbortPlace.ByAReset ? RawHttp2.Reset(stream) : [], cancellationToken);
            return;
        }

        if (await connection.ReadAsync(stream, cancellationToken) is { } response)
        {
            Responses++;
            await AnswerAsync(connection, place, stream, isDelta, asked, NonceOf(isDelta, response), cancellationToken);
        }
    }

    private async Task AnswerAsync(
        RawHttp2 connection,
        AbortPlace place,
        int stream,
        bool isDelta,
        string[] asked,
        string nonce,
        CancellationToken cancellationToken)
    {
        byte[]? said = place switch
        {
            AbortPlace.AfterTheAcknowledgement =>
                Said(stream, Request(isDelta, isDelta ? [] : asked, [], nonce, isRefusal: false)),
            AbortPlace.AfterARefusal =>
                Said(stream, Request(isDelta, isDelta ? [] : asked, [], nonce, isRefusal: true)),
            AbortPlace.AfterOtherNames => Said(stream, Request(isDelta, Some(), asked, nonce, isRefusal: false)),
            AbortPlace.AfterNamesGivenUp => Said(stream, Request(isDelta, [], asked, nonce, isRefusal: false)),
            AbortPlace.ByAReset => RawHttp2.Reset(stream),
            AbortPlace.ByAHalfClose => RawHttp2.HalfClose(stream),
            AbortPlace.ByAGoodbye => RawHttp2.GoAway(),
            AbortPlace.ByAWrongFrame => RawHttp2.Wrong(),
            _ => null,
        };
        if (said is null)
        {
            return;
        }

        await SendAsync(connection, said, cancellationToken);
        if (place is AbortPlace.ByAHalfClose)
        {
            while (await connection.ReadAsync(stream, cancellationToken) is not null)
            {
            }
        }
    }

    // Most of them are there; what is not is asked for as well.
    private string[] Some() =>
        [.. Enumerable.Range(0, 1 + random.Next(NamesMax)).Select(_ => $"svc-{random.Next(names + 3)}").Distinct()];

    // A few nodes come again and again, so that streams find others of their client.
    private IMessage Request(bool isDelta, string[] asked, string[] given, string nonce, bool isRefusal)
    {
        var node = nonce.Length == 0 ? new Node { Id = $"pod-{random.Next(random.Next(2) == 0 ? 4 : 100_000)}" } : null;
        var error = isRefusal ? new Status { Code = 13, Message = new string('x', random.Next(5_000)) } : null;
        var typeUrl = ResourceType.Endpoints.TypeUrl;
        return isDelta
            ? new DeltaDiscoveryRequest
            {
                Node = node, TypeUrl = typeUrl, ResponseNonce = nonce, ErrorDetail = error,
                ResourceNamesSubscribe = { asked }, ResourceNamesUnsubscribe = { given },
            }
            : new DiscoveryRequest
            {
                Node = node, TypeUrl = typeUrl, ResponseNonce = nonce, ErrorDetail = error, ResourceNames = { asked },
            };
    }

    private static byte[] Said(int stream, IMessage request) => RawHttp2.Message(stream, request.ToByteArray());

    private static string NonceOf(bool isDelta, byte[] response) => isDelta
        ? DeltaDiscoveryResponse.Parser.ParseFrom(response).Nonce
        : DiscoveryResponse.Parser.ParseFrom(response).Nonce;
}
