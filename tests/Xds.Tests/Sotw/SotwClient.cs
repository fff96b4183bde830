using System.Buffers;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Sotw;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>Drives a stream like a client does and reads its responses back from their bytes.</summary>
internal sealed class SotwClient
{
    private readonly Dictionary<ResourceType, DiscoveryResponse> _last = [];

    public SotwClient(
        ResourceSnapshot? snapshot = null,
        XdsLimits? limits = null,
        bool isEnvoy = false,
        ResourceType? only = null)
    {
        Snapshot = snapshot ?? ResourceSnapshot.Unprimed;
        Stream = new SotwStream(Snapshot, Missing, "test/1", limits, only, Fixtures.Client(isEnvoy));
    }

    public SotwStream Stream { get; }

    public ResourceSnapshot Snapshot { get; private set; }

    public TimeSpan Now { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether names that a primed view does not know get an empty assignment.</summary>
    public bool AnswersMissing { get; set; } = true;

    public IReadOnlyList<StreamEvent> Request(
        ResourceType type, string[] names, string nonce = "", string version = "", Status? error = null)
    {
        var request = new DiscoveryRequest
        {
            TypeUrl = type.TypeUrl,
            ResourceNames = { names },
            ResponseNonce = nonce,
            VersionInfo = version,
            ErrorDetail = error,
        };
        return Stream.Receive(request, Now);
    }

    /// <summary>Acknowledges the last response of a type, asking for these names.</summary>
    public IReadOnlyList<StreamEvent> Ack(ResourceType type, params string[] names)
    {
        return Request(type, names, _last[type].Nonce, _last[type].VersionInfo);
    }

    /// <summary>Refuses the last response of a type; some clients send the new version with it.</summary>
    public IReadOnlyList<StreamEvent> Nack(ResourceType type, string[] names, int code = 13, string version = "")
    {
        return Request(type, names, _last[type].Nonce, version, new Status { Code = code, Message = "bad" });
    }

    /// <summary>Serves these from now on, beside what was there.</summary>
    public void Publish(params Resource[] resources) => Publish(Fixtures.Next(Snapshot, resources));

    public void Publish(ResourceSnapshot snapshot)
    {
        Snapshot = snapshot;
        Stream.Advance(snapshot);
    }

    public void Remove(ResourceType type, string name)
    {
        Publish(Snapshot.ToBuilder().Remove(type, name).Build());
    }

    /// <summary>All responses that are due, each written, read back and described as "cds a b".</summary>
    public string[] Take()
    {
        var taken = new List<string>();
        while (Stream.Next(Now) is { } response)
        {
            var output = new ArrayBufferWriter<byte>(1);
            response.WriteTo(output);
            var bytes = output.WrittenSpan.ToArray();
            Assert.Equal(response.Size, bytes.Length);
            var read = DiscoveryResponse.Parser.ParseFrom(bytes);
            Assert.Equal(bytes, read.ToByteArray());
            Assert.Equal("test/1", read.ControlPlane.Identifier);
            Assert.All(read.Resources, resource => Assert.Equal(read.TypeUrl, resource.TypeUrl));
            var type = ResourceType.Find(read.TypeUrl);
            if (type is not null)
            {
                _last[type] = read;
            }

            taken.Add(string.Join(' ', [type?.ShortName ?? read.TypeUrl, .. response.Resources.Select(r => r.Name)]));
            Assert.True(taken.Count < 100, "the stream does not come to rest");
        }

        return [.. taken];
    }

    public DiscoveryResponse Last(ResourceType type) => _last[type];

    /// <summary>The same; null before there is one.</summary>
    public DiscoveryResponse? Find(ResourceType type) => _last.GetValueOrDefault(type);

    private Resource? Missing(ResourceType type, string name)
    {
        return AnswersMissing && type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;
    }
}
