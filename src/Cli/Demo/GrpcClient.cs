using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A gRPC client of another make: health checks by Python's C-core, proxyless through the sidecar's xDS or to an
/// address. Used by one caller at a time.
/// </summary>
internal sealed class GrpcClient(DemoWorld world)
{
    /// <summary>Calls a service.</summary>
    /// <param name="target"><c>xds:///name</c>, or an address.</param>
    /// <param name="authority">The name that is meant, where the target does not say it.</param>
    /// <param name="calls">How many times.</param>
    /// <param name="cancellationToken">Ends the client.</param>
    /// <returns>The endpoint that each call was answered by.</returns>
    /// <exception cref="CheckSkippedException">There is no such client here.</exception>
    /// <exception cref="CheckFailedException">A call failed.</exception>
    internal async Task<IReadOnlyList<string>> CallAsync(
        string target, string? authority, int calls, CancellationToken cancellationToken)
    {
        var info = await InfoAsync("health_calls.py", [target, $"{calls}", "60"], cancellationToken)
            .ConfigureAwait(false);
        if (authority is not null)
        {
            info.ArgumentList.Add(authority);
        }

        var run = await CliRun.RunAsync(world.Spawner, info, cancellationToken).ConfigureAwait(false);
        Check.That(
            run.ExitCode == 0, $"the client of {target} ended with {run.ExitCode}: {run.Output}{run.Error}");
        return
        [
            .. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[1]),
        ];
    }

    /// <summary>Starts to call a service, one call after the other until it is disposed.</summary>
    /// <param name="target"><c>xds:///name</c>.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>The calls; null where there is no such client here.</returns>
    internal async Task<GrpcWatch?> WatchAsync(string target, CancellationToken cancellationToken)
    {
        try
        {
            var info = await InfoAsync("health_watch.py", [target, "1"], cancellationToken).ConfigureAwait(false);
            return await GrpcWatch.StartAsync(world.Spawner, info).ConfigureAwait(false);
        }
        catch (CheckSkippedException)
        {
            return null;
        }
    }

    private async Task<ProcessStartInfo> InfoAsync(
        string asset, string[] arguments, CancellationToken cancellationToken)
    {
        var python = await FindAsync(cancellationToken).ConfigureAwait(false);
        var script = Path.Combine(world.Folder, asset);
        await EmbeddedScript.WriteAsync(asset, script, cancellationToken).ConfigureAwait(false);
        var info = new ProcessStartInfo(python, [script, .. arguments]);
        info.Environment["GRPC_XDS_BOOTSTRAP_CONFIG"] = new JsonObject
        {
            ["xds_servers"] = new JsonArray(new JsonObject
            {
                ["server_uri"] = world.XdsAddress,
                ["channel_creds"] = new JsonArray(new JsonObject { ["type"] = "insecure" }),
                ["server_features"] = new JsonArray("xds_v3"),
            }),
            ["node"] = new JsonObject { ["id"] = "demo-grpc", ["locality"] = new JsonObject { ["region"] = "eu1" } },
        }.ToJsonString();
        return info;
    }

    private async Task<string> FindAsync(CancellationToken cancellationToken)
    {
        foreach (var candidate in new[] { Environment.GetEnvironmentVariable("PYTHON"), "python3", "/usr/bin/python3" })
        {
            if (candidate is null)
            {
                continue;
            }

            var info = new ProcessStartInfo(candidate);
            info.ArgumentList.Add("-c");
            info.ArgumentList.Add("import grpc");
            try
            {
                if ((await CliRun.RunAsync(world.Spawner, info, cancellationToken).ConfigureAwait(false)).ExitCode == 0)
                {
                    return candidate;
                }
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // No such program; the next one may be.
            }
        }

        throw new CheckSkippedException("no python3 with grpc: install python3-grpcio");
    }
}
