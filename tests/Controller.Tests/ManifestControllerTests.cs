using System.Text;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Generation;
using Fairlead.Naming;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>Which names that are missing were meant to go.</summary>
public sealed class ManifestControllerTests
{
    private readonly ManifestController _controller = new(
        new() { Segment = "us1.internal", Genesis = Digest.Sha256("us1"u8) },
        Digest.Sha256("publisher"u8),
        NullLogger.Instance);

    [Fact]
    public void Take_DeletedFile_ItsNamesAreDeleted()
    {
        Take(("ab.yaml", Of("a", "b")), ("c.yaml", Of("c")));
        var desired = Take(("ab.yaml", null));
        Assert.Equal(["c.shop.svc"], desired.Contents.Keys);
        Assert.Equal(["a.shop.svc", "b.shop.svc"], desired.Deleted.Order(StringComparer.Ordinal));
        Assert.Empty(Take(("d.yaml", Of("d"))).Deleted);
    }

    [Fact]
    public void Take_FileThatHoldsLess_DeletesNothing()
    {
        Take(("ab.yaml", Of("a", "b")));
        var desired = Take(("ab.yaml", Of("a")));
        Assert.Equal(["a.shop.svc"], desired.Contents.Keys);
        Assert.True(desired.IsComplete);
        Assert.Empty(desired.Deleted);
    }

    /// <summary>What a file that holds less lost is no work of the deletion beside it.</summary>
    [Fact]
    public void Take_OneDeletedAndOneThatHoldsLess_OnlyTheFirstIsDeleted()
    {
        Take(("ab.yaml", Of("a", "b")), ("c.yaml", Of("c")));
        var desired = Take(("c.yaml", null), ("ab.yaml", Of("a")));
        Assert.Equal(["a.shop.svc"], desired.Contents.Keys);
        Assert.Equal(["c.shop.svc"], desired.Deleted);
    }

    /// <summary>It takes effect only once the deletion makes room for what moved into it.</summary>
    [Fact]
    public void Take_DeletedFileBesideOneThatTakesItOverHalfWritten_DeletesNothing()
    {
        Take(("ab.yaml", Of("a", "b")), ("c.yaml", Of("c")));
        var desired = Take(("c.yaml", null), ("ab.yaml", Of("c", "a")));
        Assert.Equal(["a.shop.svc", "c.shop.svc"], desired.Contents.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(desired.Deleted);
    }

    [Fact]
    public void Take_FileRenamed_DeletesNothing()
    {
        Take(("a.yaml", Of("a")));
        var desired = Take(("b.yaml", Of("a")), ("a.yaml", null));
        Assert.Equal(["a.shop.svc"], desired.Contents.Keys);
        Assert.Empty(desired.Deleted);
        Assert.Empty(_controller.Problems);
    }

    /// <summary>What a load balancer has not said yet stops nothing beside it.</summary>
    [Fact]
    public void Take_GatewayWithoutAnAddress_HoldsItAloneAndSaysSo()
    {
        const string gateway = """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: east-west, namespace: mesh, labels: {topology.istio.io/network: vpc-2}}
            spec: {listeners: [{name: tls, port: 15443}], addresses: [{value: 10.9.9.9}]}

            """;
        var host = gateway.Replace("value: 10.9.9.9", "type: Hostname, value: lb.example", StringComparison.Ordinal);
        Assert.Equal(2, Take(("a.yaml", $"{gateway}---\n{Of("a")}")).Contents.Count);
        var desired = Take(("a.yaml", $"{host}---\n{Of("b")}"));
        Assert.Equal(["b.shop.svc"], desired.Contents.Keys);
        Assert.Equal(["gateway/vpc-2"], desired.Held);
        Assert.True(desired.IsComplete);
        Assert.Contains("a.yaml:4: address 'lb.example'", Assert.Single(_controller.Problems).ToString(),
            StringComparison.Ordinal);
        Assert.Equal(2, Take(("a.yaml", $"{gateway}---\n{Of("b")}")).Contents.Count);
        Assert.Empty(_controller.Problems);
    }

    [Fact]
    public void Take_FileThatWasNeverRead_IsNotComplete()
    {
        var desired = _controller.Take(new([], [("a.yaml", "no such file")]));
        Assert.False(desired.IsComplete);
        Assert.True(Take(("a.yaml", Of("a"))).IsComplete);
    }

    private static string Of(params string[] names) => string.Join(
        "\n---\n",
        names.Select(name => ManifestGenerator.Write(new() { Name = name, Endpoints = [new([10, 0, 0, 1])] })));

    private DesiredState Take(params (string File, string? Text)[] changes) => _controller.Take(new(
        [.. changes.Select(change => (change.File, change.Text is { } text ? Encoding.UTF8.GetBytes(text) : null))],
        []));
}
