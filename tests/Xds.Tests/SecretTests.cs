using Fairlead.EnvoyApi.TransportSockets;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;

namespace Fairlead.Xds.Tests;

/// <summary>Secrets, in both variants: asked for by name alone, never called removed.</summary>
public sealed class SecretTests
{
    private static readonly ResourceType Sds = ResourceType.Secret;

    [Fact]
    public void Secret_IsSentToWhoNamesIt_AndAgainWhenItChanges()
    {
        var (sotw, delta) = Both();
        sotw.Request(Sds, []);
        delta.Subscribe(Sds);
        Taken(sotw, delta);
        sotw.Request(Sds, ["s"]);
        delta.Subscribe(Sds, "s");
        Taken(sotw, delta, "sds s");
        sotw.Ack(Sds, "s");
        delta.Ack(Sds);
        (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        sotw.Publish(Fixtures.Secret("s", "two"), Fixtures.Secret("other", "two"));
        delta.Publish(Fixtures.Secret("s", "two"), Fixtures.Secret("other", "two"));
        Taken(sotw, delta, "sds s");
        Assert.Equal(
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", delta.Last(Sds).TypeUrl);
        Assert.Equal("two", delta.Last(Sds).Resources[0].Resource_.Unpack<Secret>()
            .ValidationContext.CustomValidatorConfig.Name);
    }

    /// <summary>A cluster warms until its secret comes: neither waits for the other's acknowledgement.</summary>
    [Fact]
    public void Secret_OfAClusterThatIsNotAcknowledged_IsSentAtOnce()
    {
        var (sotw, delta) = Both();
        sotw.Request(ResourceType.Cluster, []);
        delta.Subscribe(ResourceType.Cluster);
        Taken(sotw, delta, "cds c");
        sotw.Publish(Fixtures.Cluster("late"));
        delta.Publish(Fixtures.Cluster("late"));
        sotw.Request(Sds, ["s"]);
        delta.Subscribe(Sds, "s");
        Taken(sotw, delta, "sds s");
        sotw.Ack(Sds, "s");
        delta.Ack(Sds);
        (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        sotw.Publish(Fixtures.Secret("s", "two"));
        delta.Publish(Fixtures.Secret("s", "two"));
        Assert.Contains("sds s", sotw.Take());
        Assert.Contains("sds s", delta.Take());
    }

    private static (SotwClient Sotw, DeltaClient Delta) Both()
    {
        var snapshot = Fixtures.Snapshot(Fixtures.Cluster("c"), Fixtures.Secret("s", "one"));
        return (new SotwClient(snapshot), new DeltaClient(snapshot));
    }

    private static void Taken(SotwClient sotw, DeltaClient delta, params string[] responses)
    {
        Assert.Equal(responses, sotw.Take());
        Assert.Equal(responses, delta.Take());
    }
}
