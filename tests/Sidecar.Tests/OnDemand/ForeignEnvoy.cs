using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Another control plane, and an Envoy of its that takes our clusters as it needs them.</summary>
internal sealed class ForeignEnvoy : IAsyncDisposable
{
    private ForeignEnvoy(ForeignControlPlane plane, EnvoyProcess envoy) => (Plane, Envoy) = (plane, envoy);

    internal ForeignControlPlane Plane { get; }

    internal EnvoyProcess Envoy { get; }

    /// <summary>Starts both.</summary>
    /// <param name="isOldest">Which Envoy.</param>
    /// <param name="isDelta">By which variant it asks its control plane.</param>
    /// <param name="socket">Where the sidecar is.</param>
    /// <param name="isAuthority">Whether it takes endpoints by the stream of our authority.</param>
    /// <param name="own">The port on loopback that <see cref="ForeignBootstrap.OwnHost"/> leads to.</param>
    /// <param name="merged">The name of the cluster whose endpoints are ours.</param>
    /// <param name="listeners">Further listeners, as YAML that is indented by four.</param>
    /// <param name="isPlain">Whether it asks for clusters by plain names.</param>
    /// <param name="hasContext">Whether it says of its node in each locator.</param>
    /// <param name="hasSource">Whether clusters have a stream of their own.</param>
    /// <param name="wait">How long the filter holds a request.</param>
    internal static async Task<ForeignEnvoy> StartAsync(
        bool isOldest,
        bool isDelta,
        string socket,
        bool isAuthority,
        int own,
        string merged = "merged",
        string listeners = "",
        bool isPlain = false,
        bool hasContext = false,
        bool hasSource = true,
        string wait = ForeignBootstrap.Wait)
    {
        var plane = await ForeignControlPlane.StartAsync();
        try
        {
            if (!isAuthority)
            {
                await plane.SetAsync(ForeignBootstrap.Sidecar(socket));
            }

            await plane.SetAsync(ForeignBootstrap.Local(ForeignBootstrap.Own, own));
            return new ForeignEnvoy(plane, await EnvoyProcess.StartWithAsync(
                Program(isOldest),
                ForeignBootstrap.Of(
                    plane.Port, isDelta, isAuthority ? socket : null, merged, listeners, isPlain, hasContext,
                    hasSource, wait),
                TestContext.Current.CancellationToken));
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    /// <summary>The Envoy's binary; the test is skipped where there is none.</summary>
    internal static string Program(bool isOldest)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        return program!;
    }

    public async ValueTask DisposeAsync()
    {
        await Envoy.DisposeAsync();
        await Plane.DisposeAsync();
    }
}
