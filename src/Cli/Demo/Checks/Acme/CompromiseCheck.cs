using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// acme is taken over: with all its keys an attacker certifies that us1 is another segment, and serves that at acme's
/// address. Who was introduced before sees no name change. What it can still do: end an introduction that it gave, by
/// denying it when it is asked again (4.7), and mislead who never was introduced, unless its operator pinned us1.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class CompromiseCheck(DemoWorld world)
{
    private const int Rate = 20;

    // After an epoch of the home, which asks for each way again then.
    private static readonly TimeSpan Ends = TimeSpan.FromSeconds(10);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var acme = world.Find(AcmePlan.Acme);
        var falseUs1 = AcmePlan.FalseUs1(world);
        var newcomer = world.Find(AcmePlan.Ap1);
        var before = await IdentitiesAsync(cancellationToken).ConfigureAwait(false);
        await DemoWorld.StopAnchorAsync(acme, 0).ConfigureAwait(false);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), AcmePlan.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            var (configuration, epoch) = Takeover.Write(world, falseUs1, AcmePlan.Partner);
            acme.Anchors[0] = await StartAsync(configuration, cancellationToken).ConfigureAwait(false);
            await world.StartAnchorAsync(falseUs1, 0, cancellationToken).ConfigureAwait(false);
            await world.StartControllerAsync(falseUs1, cancellationToken).ConfigureAwait(false);
            await world.StartAnchorAsync(newcomer, 0, cancellationToken).ConfigureAwait(false);

            // eu1 asks acme for a segment that it never asked for, and so takes the attacker's epoch.
            var heard = await EpochOfAcmeAsync(cancellationToken).ConfigureAwait(false);
            Check.Equal(epoch, heard, "the epoch of acme that eu1 goes by");
            var ended = await EndAsync(cancellationToken).ConfigureAwait(false);
            var after = await IdentitiesAsync(cancellationToken).ConfigureAwait(false);
            Check.Equal(before, after, "who stands behind the names of eu1 and us1, before and after");
            var newcomers = await MisleadAsync(newcomer, falseUs1, cancellationToken).ConfigureAwait(false);
            var honest = ManifestEndpoints.Read(world.Peer.Manifests)
                .Select(endpoint => endpoint.Address.ToString()).ToHashSet(StringComparer.Ordinal);
            var odd = load.Responses
                .FirstOrDefault(response => response.Status != 200 || !honest.Contains(response.Endpoint));
            Check.That(odd is null, $"a request was not answered by us1: {odd}");
            foreach (var (segment, anchor) in new[] { (acme, 0), (falseUs1, 0), (newcomer, 0) })
            {
                await DemoWorld.StopAnchorAsync(segment, anchor).ConfigureAwait(false);
            }

            return string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {epoch} of acme, certified by its keys, names a false us1, and eu1 heard of it: {before.Count} "
                + $"names of eu1 and us1 stand as before, {load.Responses.Count} requests, all answered by us1\n")
                + $"what it can still do: {ended}\n{newcomers}";
        }
    }

    private async Task<ManagedProcess> StartAsync(string configuration, CancellationToken cancellationToken)
    {
        var anchor = await world.SpawnAsync("attacker-acme", world.Programs.Start("Anchor", "--config", configuration))
            .ConfigureAwait(false);
        await anchor.WaitReadyAsync(DemoWorld.StartPatience, cancellationToken).ConfigureAwait(false);
        return anchor;
    }

    /// <summary>What stands behind the names, by value.</summary>
    private sealed record Identities(int Count, string Text)
    {
        public override string ToString() => Text;
    }

    // As a process finds it that remembers nothing but its bootstrap file: each name's genesis and endpoints.
    private async Task<Identities> IdentitiesAsync(CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var name in new[] { AcmePlan.Checkout, AcmePlan.Orders, AcmePlan.Frontend })
        {
            var run = await Cli.ResolveAsync(world, name, cancellationToken).ConfigureAwait(false);
            Check.Equal(ExitCode.Answer, run.ExitCode, $"resolve {name} ({run.Output}{run.Error})");
            var answer = run.Json();
            found.Add($"{name} {Target(answer)["genesis"]} {answer["endpoints"]!.ToJsonString()}");
        }

        return new Identities(found.Count, string.Join('\n', found));
    }

    // It denies eu1 a segment to which it led it before. eu1 asks again when the transit's word is to be renewed
    // (attest_transit, an hour), and with each epoch of its own, as here: the way to us1 is asked for as well then, and
    // kept, since what it is told now is another us1.
    private async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        await sidecar.WaitForAsync("names", page => NamesView.AreFresh(page, AcmePlan.Rates), cancellationToken)
            .ConfigureAwait(false);
        var operators = new Operators(world.Spawner, world.Programs, world.Home, world.Time);
        var waiting = await operators.ProposeAsync(["renew"], cancellationToken).ConfigureAwait(false);
        var from = await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
        await sidecar.WaitForAsync(
            "names", page => NamesView.StateOf(page, AcmePlan.Rates) == "denied", cancellationToken)
            .ConfigureAwait(false);
        var elapsed = world.Time.GetElapsedTime(from).TotalSeconds;
        Check.That(
            elapsed <= Pace.Of(Ends).TotalSeconds,
            string.Create(CultureInfo.InvariantCulture, $"denied by acme after {elapsed:0.0} s only"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"it denies eu1 the way to {AcmePlan.Partner}, and {AcmePlan.Rates} was denied {elapsed:0.0} s after epoch "
            + $"{waiting.Epoch} of eu1, with which eu1 asked for its ways again (without one within attest_transit, an "
            + $"hour); so it could with us1");
    }

    private async Task<long> EpochOfAcmeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var run = await Cli.ResolveAsync(world, "nobody.shop.svc." + AcmePlan.Ap1, cancellationToken)
                .ConfigureAwait(false);
            if (run.ExitCode == ExitCode.Absent)
            {
                return (long)run.Json()["hops"]!.AsArray()[1]!["epoch"]!["number"]!;
            }

            // Its anchor has only just started, and eu1 found acme dead before.
            await Task.Delay(TimeSpan.FromMilliseconds(200), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> MisleadAsync(
        DemoSegment newcomer, DemoSegment falseUs1, CancellationToken cancellationToken)
    {
        var bootstrap = Path.Combine(newcomer.Folder, "bootstrap.json");
        var misled = await AskAsync(bootstrap, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, misled.ExitCode, $"resolve in ap1 ({misled.Output}{misled.Error})");
        var genesis = await DemoWorld.GenesisAsync(falseUs1, cancellationToken).ConfigureAwait(false);
        Check.Equal(genesis, (string?)Target(misled.Json())["genesis"], "whom a newcomer takes for us1");
        var pinned = await Takeover.PinAsync(
            bootstrap,
            AcmePlan.Us1,
            await DemoWorld.GenesisAsync(world.Peer, cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        var refused = await AskAsync(pinned, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Refused, refused.ExitCode, $"with a pin ({refused.Output}{refused.Error})");
        Check.That(
            (refused.Output + refused.Error).Contains("LinkRepointed", StringComparison.Ordinal),
            $"not refused as LinkRepointed: {refused.Output}{refused.Error}");
        var endpoint = misled.Json()["endpoints"]!.AsArray()[0]!["address"];
        return $"and a newcomer, ap1, takes the false us1 for the true one ({endpoint}); with us1's "
            + "genesis pinned in its bootstrap file it refuses that: LinkRepointed";
    }

    private async Task<CliRun> AskAsync(string bootstrap, CancellationToken cancellationToken)
    {
        while (true)
        {
            var run = await CliRun.RunAsync(
                world.Spawner,
                world.Programs.Start(
                    "Cli", "resolve", AcmePlan.Checkout, "--bootstrap", bootstrap, "--key", world.KeyFile,
                    "--output", "json"),
                cancellationToken).ConfigureAwait(false);
            if (run.ExitCode is not (ExitCode.Unreachable or ExitCode.Absent))
            {
                return run;
            }

            // Everything here has only just started; the false record may not be sealed yet.
            await Task.Delay(TimeSpan.FromMilliseconds(200), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static JsonNode Target(JsonNode answer) => answer["hops"]!.AsArray()[^1]!;
}
