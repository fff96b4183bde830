namespace Fairlead.Cli.Demo.Checks;

/// <summary>A gRPC client of another make finds the service by xDS alone and reaches one of its endpoints.</summary>
internal sealed class GrpcCheck(DemoWorld world)
{
    private const int Calls = 6;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var client = new GrpcClient(world);
        var expected = ManifestEndpoints.Read(world.Peer.Manifests)
            .Where(endpoint => endpoint.Service == "catalog").Select(endpoint => endpoint.Address).ToList();
        var before = expected.Sum(world.Backends.RequestsAt);
        var answered = await client.CallAsync("xds:///" + DemoWorld.Catalog, null, Calls, cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(Calls, expected.Sum(world.Backends.RequestsAt) - before, "calls that reached catalog's backends");
        Check.Equal(Calls, answered.Count, "responses");
        foreach (var endpoint in answered)
        {
            Check.That(
                expected.Any(one => one.ToString() == endpoint),
                $"{endpoint} is none of catalog's endpoints {string.Join(", ", expected)}");
        }

        return $"{Calls} calls answered by {string.Join(", ", answered.Distinct())}";
    }
}
