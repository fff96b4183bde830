using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>A gRPC client of another make finds the service by xDS alone and reaches one of its endpoints.</summary>
internal sealed class GrpcCheck(DemoWorld world)
{
    private const int Calls = 6;

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var python = await FindPythonAsync(cancellationToken).ConfigureAwait(false);
        var script = Path.Combine(world.Folder, "health_calls.py");
        await EmbeddedScript.WriteAsync("health_calls.py", script, cancellationToken).ConfigureAwait(false);
        var info = new ProcessStartInfo(python);
        foreach (var argument in new[] { script, "xds:///" + DemoWorld.Catalog, $"{Calls}", "10" })
        {
            info.ArgumentList.Add(argument);
        }

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
        var expected = ManifestEndpoints.Read(world.Peer.Manifests)
            .Where(endpoint => endpoint.Service == "catalog").Select(endpoint => endpoint.Address).ToList();
        var before = expected.Sum(world.Backends.RequestsAt);
        var run = await CliRun.RunAsync(world.Spawner, info, cancellationToken).ConfigureAwait(false);
        Check.That(run.ExitCode == 0, $"the client ended with {run.ExitCode}: {run.Output}{run.Error}");
        Check.Equal(Calls, expected.Sum(world.Backends.RequestsAt) - before, "calls that reached catalog's backends");
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Check.Equal(Calls, lines.Length, "responses");
        foreach (var line in lines)
        {
            var endpoint = line.Split(' ')[1];
            Check.That(
                expected.Any(one => one.ToString() == endpoint),
                $"{endpoint} is none of catalog's endpoints {string.Join(", ", expected)}");
        }

        return $"{Calls} calls answered by {string.Join(", ", lines.Select(line => line.Split(' ')[1]).Distinct())}";
    }

    private async Task<string> FindPythonAsync(CancellationToken cancellationToken)
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
