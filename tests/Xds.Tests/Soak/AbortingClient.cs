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

/// <summary>A client that connects, does a part of what clients do, and is gone. Which part, of which service and what
/// it asks for is random. One caller at a time.</summary>
internal sealed class AbortingClient(EndPoint target, Random random, SoakWords words)
{
    // Of these and so many names a connection's window takes all that comes.
    private const int StreamsMax = 6;
    private const int TypesMax = 3;

    private static readonly AbortPlace[] Places = Enum.GetValues<AbortPlace>();

    // A host that does not answer is not waited for without end.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private Node _node = new();

    private bool IsGrpc => _node.UserAgentName.StartsWith("grpc", StringComparison.OrdinalIgnoreCase);

    /// <summary>How many responses of each type came, by its short name.</summary>
    internal Dictionary<string, int> Types { get; } = [];

    /// <summary>Connects once.</summary>
    /// <returns>Where the connection ended.</returns>
    internal async Task<AbortPlace> RunAsync(CancellationToken cancellationToken)
    {
        // A few nodes come again and again, so that streams find others of their client.
        _node = new Node
        {
            Id = $"pod-{random.Next(random.Next(2) == 0 ? 4 : 100_000)}",
            UserAgentName = words.UserAgents[random.Next(words.UserAgents.Length)],
        };
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
        var (path, isDelta, only) = words.Method(random, IsGrpc);
        var type = only ?? TypeOf();
        var start = words.Window > 0 ? RawHttp2.StartWith(words.Window) : RawHttp2.Start;
        var call = RawHttp2.Call(1, path);
        var request = Said(1, Request(type, isDelta, words.Some(random, type, isDelta, IsGrpc), [], "", isRefusal: false));
        return place switch
        {
            AbortPlace.BeforeAByte => [],
            AbortPlace.WithinThePreface => start[..17],
            AbortPlace.WithinTheHeaders => [.. start, .. call[..random.Next(1, call.Length)]],
            AbortPlace.BeforeARequest => [.. start, .. call],
            AbortPlace.WithinARequest => [.. start, .. call, .. request[..random.Next(1, request.Length)]],
            _ => start,
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
        var (path, isDelta, only) = words.Method(random, IsGrpc);
        var asked = new Dictionary<ResourceType, string[]>();
        var types = only is null ? 1 + random.Next(TypesMax) : 1;
        for (var i = 0; i < types; i++)
        {
            var type = only ?? TypeOf();
            asked[type] = words.Some(random, type, isDelta, IsGrpc);
        }

        await SendAsync(connection, RawHttp2.Call(stream, path), cancellationToken);
        byte[] said = place == AbortPlace.ByABadMessage
            ? RawHttp2.Message(stream, [0xFF, 0xFF])
            :
            [
                .. asked.SelectMany(one => Said(
                    stream, Request(one.Key, isDelta, one.Value, [], "", isRefusal: false))),
            ];
        await SendAsync(connection, said, cancellationToken);

        if (place is AbortPlace.WithoutReading or AbortPlace.ByAReset && random.Next(2) == 0)
        {
            await SendAsync(connection, place == AbortPlace.ByAReset ? RawHttp2.Reset(stream) : [], cancellationToken);
            return;
        }

        if (await ReadAsync(connection, stream, asked, cancellationToken) is { } response)
        {
            await AnswerAsync(connection, place, stream, isDelta, asked, Heard(isDelta, response), cancellationToken);
        }
    }

    private async Task<byte[]?> ReadAsync(
        RawHttp2 connection,
        int stream,
        Dictionary<ResourceType, string[]> asked,
        CancellationToken cancellationToken)
    {
        try
        {
            return await connection.ReadAsync(stream, cancellationToken).WaitAsync(Bound, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"'{_node.UserAgentName}' hears nothing of " + string.Join(
                ' ', asked.Select(one => $"{one.Key.ShortName}: {string.Join(',', one.Value)}")));
        }
    }

    private async Task AnswerAsync(
        RawHttp2 connection,
        AbortPlace place,
        int stream,
        bool isDelta,
        Dictionary<ResourceType, string[]> all,
        (ResourceType Type, string Nonce) response,
        CancellationToken cancellationToken)
    {
        var (type, nonce) = response;
        var asked = all[type];
        byte[]? said = place switch
        {
            AbortPlace.AfterTheAcknowledgement =>
                Said(stream, Request(type, isDelta, isDelta ? [] : asked, [], nonce, isRefusal: false)),
            AbortPlace.AfterARefusal =>
                Said(stream, Request(type, isDelta, isDelta ? [] : asked, [], nonce, isRefusal: true)),
            AbortPlace.AfterOtherNames => Said(
                stream, Request(type, isDelta, words.Some(random, type, isDelta, IsGrpc), asked, nonce, isRefusal: false)),
            AbortPlace.AfterNamesGivenUp => Said(stream, Request(type, isDelta, [], asked, nonce, isRefusal: false)),
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
            while (await ReadAsync(connection, stream, all, cancellationToken) is not null)
            {
            }
        }
    }

    private ResourceType TypeOf()
    {
        var all = words.TypesOf(IsGrpc);
        return all[random.Next(all.Count)];
    }

    // Who comes back says now and then what it holds from before.
    private IMessage Request(
        ResourceType type, bool isDelta, string[] asked, string[] given, string nonce, bool isRefusal)
    {
        var node = nonce.Length == 0 ? _node : null;
        var error = isRefusal ? new Status { Code = 13, Message = new string('x', random.Next(5_000)) } : null;
        var isBack = node is not null && random.Next(4) == 0;
        if (!isDelta)
        {
            return new DiscoveryRequest
            {
                Node = node, TypeUrl = type.TypeUrl, ResponseNonce = nonce, ErrorDetail = error,
                ResourceNames = { asked }, VersionInfo = isBack && !type.FullState ? "before" : "",
            };
        }

        var request = new DeltaDiscoveryRequest
        {
            Node = node, TypeUrl = type.TypeUrl, ResponseNonce = nonce, ErrorDetail = error,
            ResourceNamesSubscribe = { asked }, ResourceNamesUnsubscribe = { given },
        };
        foreach (var name in isBack ? asked[..(asked.Length / 2)] : [])
        {
            request.InitialResourceVersions[name] = "before";
        }

        return request;
    }

    private static byte[] Said(int stream, IMessage request) => RawHttp2.Message(stream, request.ToByteArray());

    private (ResourceType Type, string Nonce) Heard(bool isDelta, byte[] response)
    {
        string typeUrl, nonce;
        if (isDelta)
        {
            var delta = DeltaDiscoveryResponse.Parser.ParseFrom(response);
            (typeUrl, nonce) = (delta.TypeUrl, delta.Nonce);
            words.Hear(delta.Resources.Select(one => one.Resource_));
        }
        else
        {
            var sotw = DiscoveryResponse.Parser.ParseFrom(response);
            (typeUrl, nonce) = (sotw.TypeUrl, sotw.Nonce);
            words.Hear(sotw.Resources);
        }

        var type = ResourceType.Find(typeUrl)!;
        Types[type.ShortName] = Types.GetValueOrDefault(type.ShortName) + 1;
        return (type, nonce);
    }
}
