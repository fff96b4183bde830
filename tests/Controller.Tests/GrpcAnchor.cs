using System.Net;
using System.Security.Cryptography;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Controller.Tests;

/// <summary>A real gRPC server over TLS in front of a segment in memory. It serves what a publisher asks for.</summary>
internal sealed class GrpcAnchor : IAsyncDisposable
{
    private readonly InMemorySegment _segment;
    private readonly Func<IReadOnlyList<EpochDocument>> _epochs;
    private readonly TlsIdentity _identity;
    private RpcServer? _server;

    public GrpcAnchor(InMemorySegment segment, Func<IReadOnlyList<EpochDocument>> epochs, ECDsa key)
    {
        _segment = segment;
        _epochs = epochs;
        _identity = new(key, TimeProvider.System);
    }

    public IPEndPoint Endpoint => _server!.Endpoints[0].Address!;

    public int PageLeaves { get; set; } = 1;

    public int EpochCalls { get; private set; }

    public int StateCalls { get; private set; }

    public byte[]? ClientKey { get; private set; }

    public bool IsDisordered { get; set; }

    /// <summary>How it refuses a read with sources; null to answer it.</summary>
    public RpcException? SourcesRefusal { get; set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var service = ServerServiceDefinition.CreateBuilder()
            .AddMethod(AnchorMethods.Epochs, EpochsAsync)
            .AddMethod(AnchorMethods.State, StateAsync)
            .AddMethod(AnchorMethods.Publish, PublishAsync)
            .Build();
        var options = new RpcServerOptions();
        options.Endpoints.Add(RpcEndpoint.Tcp(new(IPAddress.Loopback, 0), new(_identity)));
        options.Services.Add(service);
        _server = await RpcServer.StartAsync(options, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _identity.Dispose();
    }

    private Task<EpochsResponse> EpochsAsync(EpochsRequest request, ServerCallContext context)
    {
        EpochCalls++;
        var epochs = _epochs();
        var response = new EpochsResponse { Newest = (ulong)(epochs.Count - 1) };
        response.Epochs.AddRange(epochs.Skip((int)request.From).Take(1).Select(WireWriter.ToMessage));
        return Task.FromResult(response);
    }

    private Task<StateResponse> StateAsync(StateRequest request, ServerCallContext context)
    {
        StateCalls++;
        if (request.Sources && SourcesRefusal is { } refusal)
        {
            throw refusal;
        }

        ClientKey = context.PeerKey;
        Assert.Equal(_segment.Publisher.ToArray(), request.Publisher.ToByteArray());
        var leaves = _segment.Leaves
            .Select(leaf => ToMessage(leaf, request.Sources))
            .OrderBy(EntryOf, StringComparer.Ordinal)
            .Where(leaf => IsDisordered
                || string.CompareOrdinal(
                    EntryOf(leaf), EntryOf(new() { Class = request.AfterClass, Name = request.AfterName })) > 0)
            .ToList();
        var response = new StateResponse { More = IsDisordered || leaves.Count > PageLeaves };
        response.Leaves.AddRange(leaves.Take(PageLeaves));
        if (_segment.Credentials.FirstOrDefault() is { } credential)
        {
            response.Credential = UnsafeByteOperations.UnsafeWrap(credential.Bytes);
        }

        return Task.FromResult(response);
    }

    private static StateLeaf ToMessage(Anchors.StateLeaf leaf, bool withSource)
    {
        var message = new StateLeaf
        {
            Class = (uint)leaf.Class,
            Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Bytes),
            Name = NameOf(leaf),
        };
        if (withSource)
        {
            message.Source = WireWriter.ToMessage(leaf.Source!);
            message.Slices.AddRange(leaf.Slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        }

        return message;
    }

    private async Task PublishAsync(
        PublishRequest request, IServerStreamWriter<PublishEvent> stream, ServerCallContext context)
    {
        for (var index = 0u; index < request.Entries.Count; index++)
        {
            var entry = request.Entries[(int)index];
            Assert.True(WireReader.TryRead(entry.Document, out var document, out var refusal), refusal?.ToString());
            var signed = new SignedEntry(entry.Type, document, [.. entry.Slices.Select(slice => slice.Memory)]);
            if (_segment.Offer(signed) is { } refused)
            {
                var parts = refused.Split(": ", 2);
                var report = new Refused { Failure = parts[0], Detail = parts[1] };
                await stream.WriteAsync(new() { Index = index, Refused = report }, context.CancellationToken);
                continue;
            }

            await stream.WriteAsync(new() { Index = index, Accepted = new() }, context.CancellationToken);
            await stream.WriteAsync(
                new() { Index = index, Sealed = new() { Epoch = 1, Seq = 1 } }, context.CancellationToken);
        }
    }

    // As anchors do: by the entry, whether it is withdrawn or not.
    private static string EntryOf(StateLeaf leaf) => leaf.Class == (uint)LeafClass.Withdrawn ? leaf.Name
        : leaf.Name.Length == 0 ? string.Empty : $"{leaf.Class}/{leaf.Name}";

    private static string NameOf(Anchors.StateLeaf leaf) => leaf.Class == LeafClass.Record
        ? Parsed<Naming.Record>(leaf).LeafName
        : Parsed<Withdrawn>(leaf).LeafName;

    private static T Parsed<T>(Anchors.StateLeaf leaf)
        where T : Document, IDocument<T>
    {
        Assert.True(Document.TryParse<T>(leaf.Bytes, out var parsed, out var refusal), refusal?.ToString());
        return parsed.Value;
    }
}
