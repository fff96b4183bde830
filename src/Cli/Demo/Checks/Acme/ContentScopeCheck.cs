using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// A stranger's segment seals whatever its publisher signs: an address that nobody may be sent to, and pods in the
/// guise of the home's own. Both are refused by name, and nothing else of that segment is.
/// </summary>
internal sealed class ContentScopeCheck(DemoWorld world)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var partner = world.Find(AcmePlan.Partner);
        foreach (var file in Directory.GetFiles(Path.Combine(world.Repository, "samples", "acme", "hostile"), "*.yaml"))
        {
            var text = world.Block.Move(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false));
            var written = Path.Combine(partner.Manifests, Path.GetFileName(file));
            await File.WriteAllTextAsync(written + ".tmp", text, cancellationToken).ConfigureAwait(false);
            File.Move(written + ".tmp", written, overwrite: true);
        }

        var refused = new List<string>();
        foreach (var (service, what, failure) in new[]
        {
            ("metadata", "169.254.169.254", "AddressOutOfScope"),
            ("impostor", $"an identity of {AcmePlan.HomeDomain}", "IdentityOutOfScope"),
        })
        {
            var name = $"{service}.shop.svc.{AcmePlan.Partner}";
            await RefusedAsync(name, failure, cancellationToken).ConfigureAwait(false);
            refused.Add($"{name}, {what}: {failure}, and 502 by the proxy");
        }

        using var client = ProxyCheck.Client();
        var status = await StatusAsync(client, AcmePlan.Rates, cancellationToken).ConfigureAwait(false);
        Check.Equal(200, status, $"a request for {AcmePlan.Rates}, which the home admits");
        return string.Join('\n', refused) + $"\n{AcmePlan.Rates} of the same segment answers as before";
    }

    private async Task RefusedAsync(string name, string failure, CancellationToken cancellationToken)
    {
        while (true)
        {
            var run = await Cli.ResolveAsync(world, name, cancellationToken).ConfigureAwait(false);
            if (run.ExitCode is not (ExitCode.Absent or ExitCode.Unreachable))
            {
                Check.Equal(ExitCode.Refused, run.ExitCode, $"resolve {name} ({run.Output}{run.Error})");
                Check.That(
                    (run.Output + run.Error).Contains(failure, StringComparison.Ordinal),
                    $"not refused as {failure}: {run.Output}{run.Error}");
                break;
            }

            // It may not be sealed yet.
            await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
        }

        using var client = ProxyCheck.Client();
        var status = await StatusAsync(client, name, cancellationToken).ConfigureAwait(false);
        Check.Equal(502, status, $"a request for {name}");
    }

    private async Task<int> StatusAsync(HttpClient client, string name, CancellationToken cancellationToken)
    {
        using var response = await ProxyCheck.SendSettledAsync(
            client, IPEndPoint.Parse(world.ProxyAddress), name, cancellationToken).ConfigureAwait(false);
        return (int)response.StatusCode;
    }
}
