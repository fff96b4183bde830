using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>
/// The operators of a running segment, each at the unix socket of the own anchor: one proposes, others approve.
/// Stateless.
/// </summary>
internal sealed class Operators(Spawner spawner, Programs programs, DemoSegment segment, TimeProvider time)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>An operation that waits for approvals.</summary>
    /// <param name="Digest">What is approved.</param>
    /// <param name="Epoch">The number of the epoch that it makes.</param>
    internal sealed record Waiting(string Digest, long Epoch);

    /// <summary>Proposes an operation at the first anchor, and waits until the next two have heard of it.</summary>
    /// <param name="operation">What follows <c>propose</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CheckFailedException">It was refused.</exception>
    internal async Task<Waiting> ProposeAsync(
        IReadOnlyList<string> operation, CancellationToken cancellationToken)
    {
        var proposed = await RunAsync(0, ["propose", .. operation], cancellationToken).ConfigureAwait(false);
        var digest = (string?)proposed["digest"]
            ?? throw new CheckFailedException($"no digest was proposed: {proposed}");
        await HeardAsync(1, digest, cancellationToken).ConfigureAwait(false);
        await HeardAsync(2, digest, cancellationToken).ConfigureAwait(false);
        return new Waiting(digest, (long)proposed["epoch"]!);
    }

    /// <summary>The same of a policy: a text of <c>propose policy</c>, as a file in a folder.</summary>
    /// <exception cref="CheckFailedException">It was refused.</exception>
    internal async Task<Waiting> ProposePolicyAsync(string folder, string policy, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "policy.yaml");
        await File.WriteAllTextAsync(file, policy + "\n", cancellationToken).ConfigureAwait(false);
        return await ProposeAsync(["policy", file], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What one anchor's log tells of the epochs from one on.</summary>
    internal Task<JsonNode> LogAsync(int anchor, long from, CancellationToken cancellationToken) =>
        RunAsync(anchor, ["log", "--from", $"{from}"], cancellationToken);

    /// <summary>Approves at the two anchors that did not propose: three of four certify.</summary>
    /// <returns>When three anchors served its epoch, as a timestamp of the clock: then the segment holds it.</returns>
    internal async Task<long> ApproveAsync(Waiting operation, CancellationToken cancellationToken)
    {
        var held = HeldAsync(operation.Epoch, cancellationToken);
        await RunAsync(1, ["approve", operation.Digest], cancellationToken).ConfigureAwait(false);
        await RunAsync(2, ["approve", operation.Digest], cancellationToken).ConfigureAwait(false);
        return await held.ConfigureAwait(false);
    }

    private async Task<long> HeldAsync(long epoch, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<long>> asked = [.. segment.AdminAddresses.Select(async address =>
        {
            using var admin = new JsonApi(address, time);
            await admin.WaitForAsync(
                "status", status => (long?)status["seal"]?["epoch"] >= epoch, stop.Token).ConfigureAwait(false);
            return time.GetTimestamp();
        })];
        long held = 0;
        var count = 0;
        await foreach (var next in Task.WhenEach(asked).ConfigureAwait(false))
        {
            held = Math.Max(held, await next.ConfigureAwait(false));
            if (++count == 3)
            {
                break;
            }
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return held;
    }

    // An operation is gossiped: it may not have reached the other anchor when the proposer is told that it waits.
    private async Task HeardAsync(int anchor, string digest, CancellationToken cancellationToken)
    {
        while (true)
        {
            var waiting = await RunAsync(anchor, ["proposals"], cancellationToken).ConfigureAwait(false);
            if (waiting["proposals"]!.AsArray().Any(one => (string?)one!["digest"] == digest))
            {
                return;
            }

            await Task.Delay(AskAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<JsonNode> RunAsync(
        int anchor, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var socket = Path.Combine(segment.AnchorFolder(anchor), "data", Protocol.OperatorMethods.SocketName);
        var run = await CliRun.RunAsync(
            spawner,
            programs.Start("Cli", [.. arguments, "--socket", socket, "--output", "json"]),
            cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"{arguments[0]} ({run.Output}{run.Error})");
        return run.Json();
    }
}
