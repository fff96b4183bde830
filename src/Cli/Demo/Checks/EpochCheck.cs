using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A new epoch of us1 that denies eu1: one operator proposes it, two others approve it, each at the socket of its own
/// anchor; within a second of three anchors holding it, eu1 is denied by the proxy, by Envoy, by gRPC and by DNS. An
/// epoch that takes the Rule away lets eu1 in again, and the log of another operator's anchor tells of both.
/// </summary>
internal sealed class EpochCheck(DemoWorld world)
{
    private const string Rule = "no-eu1";
    private const string Admission = $"remove_rules: [{Rule}]";
    private const int Reader = 3; // whose operator neither proposes nor approves
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1); // with push, after T anchors hold it
    private static readonly TimeSpan Lifted = TimeSpan.FromSeconds(10); // a denial's life
    private static readonly TimeSpan RestorePatience = TimeSpan.FromSeconds(60);

    private static readonly Surfaces.Expected Admitted = new(["200"], ["200"], ["NOERROR"], ["OK"]);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        // What comes after needs us1: a check that fails midway takes its Rule away, where it came that far.
        return await Restoring.RunAsync(
            () => DenyAndAdmitAsync(cancellationToken),
            bounded => OperateAsync(Admission, static () => { }, bounded),
            RestorePatience, world.Time).ConfigureAwait(false);
    }

    // Proposes, does what is to be done before it can be decided, and approves. Both ways of this check go through
    // here: the one that restores is tried in each run.
    private async Task<(long Epoch, long From)> OperateAsync(
        string policy, Action watch, CancellationToken cancellationToken)
    {
        var operators = Operators();
        var waiting = await operators.ProposePolicyAsync(world.Folder, policy, cancellationToken)
            .ConfigureAwait(false);
        watch();
        return (waiting.Epoch, await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false));
    }

    private async Task<string> DenyAndAdmitAsync(CancellationToken cancellationToken)
    {
        var surfaces = await Surfaces.OpenAsync(world, DemoWorld.Checkout, DemoWorld.Catalog, cancellationToken)
            .ConfigureAwait(false);
        await using (surfaces.ConfigureAwait(false))
        {
            return await DenyAndAdmitAsync(surfaces, cancellationToken).ConfigureAwait(false) + surfaces.Missing;
        }
    }

    private async Task<string> DenyAndAdmitAsync(Surfaces surfaces, CancellationToken cancellationToken)
    {
        await surfaces.CallsAsync(["OK"], cancellationToken).ConfigureAwait(false);
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var bound = Pace.Of(Bound);
        var (denied, over) = await Measures.TakeAsync(
            async before =>
            {
                if (before > 0)
                {
                    await DecideAsync(Admission, Admitted, surfaces, cancellationToken).ConfigureAwait(false);
                }

                return await DecideAsync(
                    $"rules: [{{id: {Rule}, effect: deny, names: [\"*.svc\"], subjects: [{{segment: {genesis}}}]}}]",
                    Surfaces.Expected.Denied, surfaces, cancellationToken).ConfigureAwait(false);
            },
            one => Surfaces.AreWithin(bound, one.Seen),
            one => Surfaces.TextOf(one.Seen)).ConfigureAwait(false);
        var run = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Denied, run.ExitCode, $"resolve of a denied name ({run.Output}{run.Error})");
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        await sidecar.WaitForAsync(
            "names",
            names => names.AsArray().Where(IsOfUs1).All(name => (string?)name!["state"] == "denied"),
            cancellationToken).ConfigureAwait(false);
        var allowed = await DecideAsync(Admission, Admitted, surfaces, cancellationToken).ConfigureAwait(false);
        Check.That(
            Surfaces.AreWithin(Lifted + Pace.Of(Bound), allowed.Seen),
            $"admitted too late: {Surfaces.TextOf(allowed.Seen)}");
        await sidecar.WaitForAsync(
            "names",
            names => names.AsArray().All(name => (string?)name!["state"] is "fresh" or "absent"),
            cancellationToken).ConfigureAwait(false);
        return $"epoch {denied.Epoch} of us1, approved by 3 of 4, denies eu1; after three anchors held it: "
            + $"{Surfaces.TextOf(denied.Seen)} (bound here: {bound.TotalMilliseconds:0} ms); resolve says denied"
            + $"{over}\n"
            + $"epoch {allowed.Epoch} takes the Rule away: {Surfaces.TextOf(allowed.Seen)}\n"
            + await LoggedAsync(denied.Epoch, allowed.Epoch, cancellationToken).ConfigureAwait(false);
    }

    private static bool IsOfUs1(JsonNode? name) =>
        ((string?)name!["name"])?.EndsWith("." + DemoWorld.PeerName, StringComparison.Ordinal) == true;

    // Who heard of it from the first anchor is earlier than the third one.
    private async Task<(long Epoch, IReadOnlyList<Surfaces.Seen> Seen)> DecideAsync(
        string policy, Surfaces.Expected expected, Surfaces surfaces, CancellationToken cancellationToken)
    {
        IReadOnlyList<Surfaces.Watched> watched = [];
        var (epoch, from) = await OperateAsync(
            policy, () => watched = surfaces.Watch(expected, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        return (epoch, await surfaces.SeenAsync(watched, from).ConfigureAwait(false));
    }

    private async Task<string> LoggedAsync(long denied, long allowed, CancellationToken cancellationToken)
    {
        // It may be the one anchor that has not followed yet.
        JsonNode log;
        do
        {
            log = await Operators().LogAsync(Reader, denied, cancellationToken).ConfigureAwait(false);
        }
        while ((long?)log["newest"] < allowed);

        var lines = new List<string>();
        foreach (var (epoch, change) in new[] { (denied, $"+ rule {Rule}"), (allowed, $"- rule {Rule}") })
        {
            var decided = log["epochs"]!.AsArray().FirstOrDefault(one => (long?)one!["epoch"] == epoch);
            var line = decided?["changes"]!.AsArray().Select(one => (string?)one)
                .FirstOrDefault(one => one!.StartsWith(change, StringComparison.Ordinal));
            Check.That(line is not null, $"the log of epoch {epoch} has no {change}: {log.ToJsonString()}");
            lines.Add($"{epoch} {(string?)decided!["op"]} {change}");
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"log of {world.Peer.AnchorIds[Reader]}: {string.Join("; ", lines)}");
    }

    private Operators Operators() => new(world.Spawner, world.Programs, world.Peer, world.Time);
}
