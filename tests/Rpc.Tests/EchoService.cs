using System.Buffers.Binary;
using System.Text;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Rpc.Tests;

/// <summary>A service of raw bytes, so that strangers can call it without generated messages.</summary>
internal static class EchoService
{
    public static readonly Marshaller<byte[]> Raw = new(bytes => bytes, bytes => bytes);
    public static readonly Method<byte[], byte[]> Unary = Of(MethodType.Unary, "Unary");
    public static readonly Method<byte[], byte[]> Fail = Of(MethodType.Unary, "Fail");
    public static readonly Method<byte[], byte[]> Hang = Of(MethodType.Unary, "Hang");
    public static readonly Method<byte[], byte[]> Peer = Of(MethodType.Unary, "Peer");
    public static readonly Method<byte[], byte[]> Throw = Of(MethodType.Unary, "Throw");
    public static readonly Method<byte[], byte[]> Make = Of(MethodType.Unary, "Make");
    public static readonly Method<byte[], byte[]> Repeat = Of(MethodType.ServerStreaming, "Repeat");
    public static readonly Method<byte[], byte[]> Join = Of(MethodType.ClientStreaming, "Join");
    public static readonly Method<byte[], byte[]> Chat = Of(MethodType.DuplexStreaming, "Chat");
    public static readonly Method<byte[], byte[]> Flood = Of(MethodType.ServerStreaming, "Flood");
    public static readonly Method<byte[], byte[]> Unknown = Of(MethodType.Unary, "Unknown");

    /// <summary>The service; <paramref name="begun"/> and <paramref name="cancelled"/> are told of a call that
    /// hangs.</summary>
    public static ServerServiceDefinition Build(
        TaskCompletionSource? cancelled = null, TaskCompletionSource? begun = null) =>
        ServerServiceDefinition.CreateBuilder()
            .AddMethod(Unary, UnaryAsync)
            .AddMethod(Fail, new UnaryServerMethod<byte[], byte[]>((request, _) => throw FailWith(request)))
            .AddMethod(Hang, (byte[] _, ServerCallContext context) => HangAsync(context, cancelled, begun))
            .AddMethod(Peer, (byte[] _, ServerCallContext context) =>
                Task.FromResult(context.PeerKey ?? Encoding.ASCII.GetBytes(context.Peer)))
            .AddMethod(Throw, new UnaryServerMethod<byte[], byte[]>((_, _) =>
                throw new InvalidOperationException("a secret")))
            .AddMethod(Make, (request, _) => Task.FromResult(new byte[BinaryPrimitives.ReadInt32BigEndian(request)]))
            .AddMethod(Repeat, RepeatAsync)
            .AddMethod(Join, JoinAsync)
            .AddMethod(Chat, ChatAsync)
            .AddMethod(Flood, (byte[] _, IServerStreamWriter<byte[]> responses, ServerCallContext context) =>
                FloodAsync(responses, context, cancelled))
            .Build();

    private static Method<byte[], byte[]> Of(MethodType type, string name) => new(type, "test.Echo", name, Raw, Raw);

    private static async Task<byte[]> UnaryAsync(byte[] request, ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(e => e.Key.StartsWith("echo-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
            context.ResponseTrailers.Add(entry);
        }

        if (headers.Count > 0)
        {
            await context.WriteResponseHeadersAsync(headers);
        }

        return request;
    }

    private static RpcException FailWith(byte[] request)
    {
        var status = new Protobuf.Status { Code = (int)StatusCode.FailedPrecondition, Message = "wrong % état" };
        status.Details.Add(Any.Pack(new StringValue { Value = Encoding.UTF8.GetString(request) }));
        return status.ToRpcException();
    }

    private static async Task<byte[]> HangAsync(
        ServerCallContext context, TaskCompletionSource? cancelled, TaskCompletionSource? begun)
    {
        begun?.TrySetResult();
        var never = new TaskCompletionSource();
        try
        {
            await never.Task.WaitAsync(context.CancellationToken);
        }
        finally
        {
            cancelled?.TrySetResult();
        }

        return [];
    }

    private static async Task RepeatAsync(
        byte[] request, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        for (var i = 0; i < 10; i++)
        {
            await responses.WriteAsync([.. request, (byte)i]);
        }
    }

    private static async Task<byte[]> JoinAsync(IAsyncStreamReader<byte[]> requests, ServerCallContext context)
    {
        var joined = new List<byte>();
        await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
        {
            joined.AddRange(request);
        }

        return [.. joined];
    }

    private static async Task ChatAsync(
        IAsyncStreamReader<byte[]> requests, IServerStreamWriter<byte[]> responses, ServerCallContext context)
    {
        while (await requests.MoveNext(context.CancellationToken))
        {
            await responses.WriteAsync(requests.Current);
        }

        context.ResponseTrailers.Add("chat", "over");
    }

    private static async Task FloodAsync(
        IServerStreamWriter<byte[]> responses, ServerCallContext context, TaskCompletionSource? cancelled)
    {
        try
        {
            while (true)
            {
                await responses.WriteAsync(new byte[64 * 1024], context.CancellationToken);
            }
        }
        finally
        {
            cancelled?.TrySetResult();
        }
    }
}
