using Fairlead.Sidecar.Translation;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>
/// A push of another control plane's state of the world takes from the newest Envoy all that came on demand. Where none
/// of that has endpoints, only the witness's stream ends, and that tells the sidecar.
/// </summary>
public sealed class LostNegativesTests
{
    private const string Absent = "absent" + Suffix;
    private const string Denied = "denied" + Suffix;

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(20);

    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Names_ThatLeadNowhere_AreToldAgain_AfterAForeignPush(bool isOldest)
    {
        await using var world = await StartAsync(isOldest, isDelta: false, isAuthority: false, imports: []);
        world.Sidecar.Publish(
            Ended(Absent, Reasons.Absent, wasServed: false), Ended(Denied, Reasons.Denied, wasServed: false));

        // The first request of its life names no cluster.
        await world.GetAsync(Absent);
        for (var timeout = 1; timeout <= 3; timeout++)
        {
            await world.RefusesAsync(Absent, Reasons.Absent, "UH");
            await world.RefusesAsync(Denied, Reasons.Denied, "UDO");
            await world.Foreign.SetAsync(
                ForeignBootstrap.Local(ForeignBootstrap.Own, world.Ports.One, timeout * 300));
            await world.AppliedAsync(timeout * 300);
            foreach (var (name, reason) in new[] { (Absent, Reasons.Absent), (Denied, Reasons.Denied) })
            {
                var reply = await world.GetAsync(name);
                Assert.Equal((503, reason), (reply.Status, reply.Reason));
                Assert.InRange(reply.After, TimeSpan.Zero, AtOnce);
            }
        }
    }
}
