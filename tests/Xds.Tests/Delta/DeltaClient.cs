using System.Buffers;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Delta;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>Drives a delta stream like a client does and reads its responses back from their bytes.</summary>
internal sealed class DeltaClient
{
    private readonly Dictionary<ResourceType, DeltaDiscoveryResponse> _last = [];
    private readonly Dictionary<ResourceType, SortedDictionary<string, string>> _held = [];

    public DeltaClient(
        ResourceSnapshot? snapshot = null,
        XdsLimits? limits = null,
        ResourceType? only = null,
        bool isEnvoy = false)
    {
        Snapshot = snapshot ?? ResourceSnapshot.Unprimed;
        Stream = new DeltaStream(Snapshot, Missing, "test/1", limits, only, Fixtures.Client(isEnvoy));
    }

    public DeltaStream Stream { get; }

    public ResourceSnapshot Snapshot { get; private set; }

    public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether names that a primed view does not know get an empty assignment.</summary>
    public bool AnswersMissing { get; set; } = true;

    public IReadOnlyList<StreamEvent> Subscribe(ResourceType type, params string[] names) => Send(type, names);

    public IReadOnlyList<StreamEvent> Unsubscribe(ResourceType type, params string[] names) => Send(type, [], names);

    public IReadOnlyList<StreamEvent> Send(
        ResourceType type,
        string[]? subscribe = null,
        string[]? unsubscribe = null,
        (string Name, string Version)[]? before = null,
        string nonce = "",
        Status? error = null)
    {
        var request = new DeltaDiscoveryRequest
        {
            TypeUrl = type.TypeUrl,
            ResourceNamesSubscribe = { subscribe ?? [] },
            ResourceNamesUnsubscribe = { unsubscribe ?? [] },
            ResponseNonce = nonce,
            ErrorDetail = error,
        };
        foreach (var (name, version) in before ?? [])
        {
            request.InitialResourceVersions.Add(name, version);
        }

        return Stream.Receive(request, Now);
    }

    /// <summary>Acknowledges the last response of a type.</summary>
    public IReadOnlyList<StreamEvent> Ack(ResourceType type) => Send(type, nonce: _last[type].Nonce);

    /// <summary>Refuses the last response of a type.</summary>
    public IReadOnlyList<StreamEvent> Nack(ResourceType type, int code = 13) =>
        Say(type, _last[type].Nonce, isTaken: false, code);

    /// <summary>Takes or refuses a response.</summary>
    public IReadOnlyList<StreamEvent> Say(ResourceType type, string nonce, bool isTaken, int code = 13) =>
        Send(type, nonce: nonce, error: isTaken ? null : new Status { Code = code, Message = "bad" });

    /// <summary>Serves these from now on, beside what was there.</summary>
    public void Publish(params Resource[] resources) => Publish(Fixtures.Next(Snapshot, resources));

    public void Publish(ResourceSnapshot snapshot)
    {
        Snapshot = snapshot;
        Stream.Advance(snapshot);
    }

    public void Remove(ResourceType type, string name) =>
        Publish(Snapshot.ToBuilder().Remove(type, name).Build());

    /// <summary>All responses that are due, each written, read back and described as "cds a b -c".</summary>
    public string[] Take()
    {
        var taken = new List<string>();
        while (Stream.Next(Now) is { } response)
        {
            var output = new ArrayBufferWriter<byte>(1);
            response.WriteTo(output);
            var bytes = output.WrittenSpan.ToArray();
            Assert.Equal(response.Size, bytes.Length);
            var read = DeltaDiscoveryResponse.Parser.ParseFrom(bytes);
            Assert.Equal(bytes, read.ToByteArray());
            Assert.Equal("test/1", read.ControlPlane.Identifier);
            Assert.All(read.Resources, resource =>
            {
                Assert.Equal(read.TypeUrl, resource.Resource_.TypeUrl);
                Assert.Null(resource.Ttl);
                Assert.NotEmpty(resource.Version);
            });
            var names = read.Resources.Select(resource => resource.Name).ToList();
            Assert.Equal(names.Count + read.RemovedResources.Count, names.Union(read.RemovedResources).Count());
            var type = ResourceType.Find(read.TypeUrl);
            if (type is not null)
            {
                _last[type] = read;
                Hold(type, read);
            }

            taken.Add(string.Join(
                ' ', [type?.ShortName ?? read.TypeUrl, .. names, .. read.RemovedResources.Select(name => "-" + name)]));
            Assert.True(taken.Count < 100, "the stream does not come to rest");
        }

        return [.. taken];
    }

    /// <summary>The nonces of the responses that are due, of one resource each, by its name.</summary>
    public Dictionary<string, string> TakeAlone()
    {
        var nonces = new Dictionary<string, string>();
        while (Stream.Next(Now) is { } response)
        {
            nonces.Add(Assert.Single(response.Resources).Name, response.Nonce);
        }

        return nonces;
    }

    public DeltaDiscoveryResponse Last(ResourceType type) => _last[type];

    /// <summary>What it was told of a type and holds: each resource's version by its name.</summary>
    public IReadOnlyDictionary<string, string> Held(ResourceType type) =>
        _held.GetValueOrDefault(type) ?? new SortedDictionary<string, string>(StringComparer.Ordinal);

    private void Hold(ResourceType type, DeltaDiscoveryResponse response)
    {
        if (!_held.TryGetValue(type, out var held))
        {
            _held[type] = held = new SortedDictionary<string, string>(StringComparer.Ordinal);
        }

        foreach (var resource in response.Resources)
        {
            held[resource.Name] = resource.Version;
        }

        foreach (var name in response.RemovedResources)
        {
            held.Remove(name);
        }
    }

    private Resource? Missing(ResourceType type, string name) =>
        AnswersMissing && type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;
}
