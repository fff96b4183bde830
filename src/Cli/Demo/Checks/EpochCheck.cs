using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A new epoch of us1 that denies eu1: one operator proposes it, two others approve it, each at the socket of its own
/// anchor; within a second of three anchors holding it, eu1 is denied by the proxy, by Envoy, by gRPC and by DNS. An
/// epoch that takes the Rule away lets eu1 in again.
/// </summary>
internal sealed class EpochCheck(DemoWorld world)
{
    private const string Rule = "no-eu1";
    private const string Admission = $"remove_rules: [{Rule}]";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1); // with push, after T anchors hold it
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RestorePatience = TimeSpan.FromSeconds(60);

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
        var file = Path.Combine(world.Folder, "policy.yaml");
        await File.WriteAllTextAsync(file, policy + "\n", cancellationToken).ConfigureAwait(false);
        var operators = new Operators(world.Spawner, world.Programs, world.Peer, world.Time);
        var waiting = await operators.ProposeAsync(["policy", file], cancellationToken).ConfigureAwait(false);
        watch();
        var held = operators.HeldAsync(waiting.Epoch, cancellationToken);
        await operators.ApproveAsync(waiting, cancellationToken).ConfigureAwait(false);
        return (waiting.Epoch, await held.ConfigureAwait(false));
    }

    private async Task<string> DenyAndAdmitAsync(CancellationToken cancellationToken)
    {
        var calls = await new GrpcClient(world).WatchAsync("xds:///" + DemoWorld.Catalog, cancellationToken)
            .ConfigureAwait(false);
        if (calls is null)
        {
            return await DenyAndAdmitAsync(calls, cancellationToken).ConfigureAwait(false)
                + "\nwithout gRPC: no python3 with grpc";
        }

        await using (calls.ConfigureAwait(false))
        {
            await UntilAsync(() => Task.FromResult(calls.Last()), ["OK"], cancellationToken).ConfigureAwait(false);
            return await DenyAndAdmitAsync(calls, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> DenyAndAdmitAsync(GrpcWatch? calls, CancellationToken cancellationToken)
    {
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var denied = await DecideAsync(
            $"rules: [{{id: {Rule}, effect: deny, names: [\"*.svc\"], subjects: [{{segment: {genesis}}}]}}]",
            new Expected(["403"], ["403", "503"], ["REFUSED"], ["UNAVAILABLE", "PERMISSION_DENIED"]),
            calls, cancellationToken).ConfigureAwait(false);
        var bound = Pace.Of(Bound).TotalMilliseconds;
        var late = denied.Seen.Where(one => one.Milliseconds > bound).Select(one => one.Text).ToList();
        Check.That(late.Count == 0, $"later than {bound:0} ms: {string.Join(", ", late)}");
        var run = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Denied, run.ExitCode, $"resolve of a denied name ({run.Output}{run.Error})");
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        await sidecar.WaitForAsync(
            "names",
            names => names.AsArray().Where(IsOfUs1).All(name => (string?)name!["state"] == "denied"),
            cancellationToken).ConfigureAwait(false);
        var allowed = await DecideAsync(
            Admission, new Expected(["200"], ["200"], ["NOERROR"], ["OK"]), calls, cancellationToken)
            .ConfigureAwait(false);
        await sidecar.WaitForAsync(
            "names",
            names => names.AsArray().All(name => (string?)name!["state"] is "fresh" or "absent"),
            cancellationToken).ConfigureAwait(false);
        return $"epoch {denied.Epoch} of us1, approved by 3 of 4, denies eu1; after three anchors held it: "
            + $"{string.Join(", ", denied.Seen.Select(one => one.Text))}; resolve says denied\n"
            + $"epoch {allowed.Epoch} takes the Rule away: {string.Join(", ", allowed.Seen.Select(one => one.Text))}";
    }

    private static bool IsOfUs1(JsonNode? name) =>
        ((string?)name!["name"])?.EndsWith("." + DemoWorld.PeerName, StringComparison.Ordinal) == true;

    private sealed record Expected(string[] Proxy, string[] Envoy, string[] Dns, string[] Grpc);

    private sealed record Seen(string Where, string What, double Milliseconds)
    {
        internal string Text => string.Create(CultureInfo.InvariantCulture, $"{Where} {What} at {Milliseconds:0} ms");
    }

    private async Task<(long Epoch, IReadOnlyList<Seen> Seen)> DecideAsync(
        string policy, Expected expected, GrpcWatch? calls, CancellationToken cancellationToken)
    {
        using var client = ProxyCheck.Client();
        List<(string Where, Task<(string What, long At)> Seen)> surfaces = [];
        var (epoch, from) = await OperateAsync(policy, Watch, cancellationToken).ConfigureAwait(false);
        var seen = new List<Seen>();
        foreach (var (where, answered) in surfaces)
        {
            // Who heard of it from the first anchor is earlier than the third one.
            var (what, at) = await answered.ConfigureAwait(false);
            var elapsed = world.Time.GetElapsedTime(from, at).TotalMilliseconds;
            seen.Add(new Seen(where, what, Math.Max(0, elapsed)));
        }

        return (epoch, seen);

        void Watch()
        {
            surfaces.Add(("proxy", UntilAsync(
                () => StatusAsync(client, IPEndPoint.Parse(world.ProxyAddress), cancellationToken),
                expected.Proxy, cancellationToken)));
            surfaces.Add(("DNS", UntilAsync(() => DnsAsync(cancellationToken), expected.Dns, cancellationToken)));
            if (calls is not null)
            {
                surfaces.Add(("gRPC", UntilAsync(
                    () => Task.FromResult(calls.Last()), expected.Grpc, cancellationToken)));
            }

            if (EnvoyMissing.IsThere(world))
            {
                // Which comes first, the route that says 403 or the empty cluster, is Envoy's affair: both end the
                // name.
                surfaces.Add(("Envoy", UntilAsync(
                    () => StatusAsync(client, world.EnvoyListener, cancellationToken),
                    expected.Envoy, cancellationToken)));
            }
        }
    }

    private static async Task<string> StatusAsync(
        HttpClient client, IPEndPoint at, CancellationToken cancellationToken)
    {
        using var response = await ProxyCheck.SendAsync(client, at, DemoWorld.Checkout, cancellationToken)
            .ConfigureAwait(false);
        return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<string> DnsAsync(CancellationToken cancellationToken) =>
        (await DnsQuestion.AskByItselfAsync(
            IPEndPoint.Parse(world.DnsAddress), DemoWorld.Checkout, cancellationToken).ConfigureAwait(false)).Status;

    // What a surface answered of what is expected, and when it did first.
    private async Task<(string What, long At)> UntilAsync(
        Func<Task<string>> ask, string[] expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            var said = await ask().ConfigureAwait(false);
            if (expected.Contains(said))
            {
                return (said, world.Time.GetTimestamp());
            }

            await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
