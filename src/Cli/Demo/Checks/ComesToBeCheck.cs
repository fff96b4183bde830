using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>A service that was proven absent is exported: who asked for it finds it within the time of an absence.
/// </summary>
internal sealed class ComesToBeCheck(DemoWorld world)
{
    private const string Name = "ledger.shop.svc.us1.internal";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10); // neg_ttl of the demo's policy
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var client = ProxyCheck.Client();
        Check.Equal(404, await StatusAsync(client, cancellationToken).ConfigureAwait(false), $"the status for {Name}");
        var export = Path.Combine(world.Peer.Manifests, "ledger-export.yaml");
        var written = export + ".tmp";
        await File.WriteAllTextAsync(
            written,
            """
            apiVersion: multicluster.x-k8s.io/v1alpha1
            kind: ServiceExport
            metadata:
              name: ledger
              namespace: shop

            """,
            cancellationToken).ConfigureAwait(false);
        var from = world.Time.GetTimestamp();
        File.Move(written, export);
        try
        {
            // Its backend does not run: 502 says that the name is there, and where.
            while (await StatusAsync(client, cancellationToken).ConfigureAwait(false) == 404)
            {
                await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            File.Delete(export);
        }

        var elapsed = world.Time.GetElapsedTime(from).TotalMilliseconds;
        Check.That(elapsed <= Pace.Of(Bound).TotalMilliseconds, string.Create(
            CultureInfo.InvariantCulture, $"found {elapsed:0} ms after its export only"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}: absent, and found {elapsed:0} ms after its export (bound: neg_ttl = 10 s)");
    }

    private async Task<int> StatusAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var response = await ProxyCheck.SendSettledAsync(
            client, IPEndPoint.Parse(world.ProxyAddress), Name, cancellationToken).ConfigureAwait(false);
        return (int)response.StatusCode;
    }
}
