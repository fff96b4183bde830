using System.CommandLine;
using System.Net;
using Fairlead.Cli.Ceremony;
using Fairlead.Cli.Demo;
using Fairlead.Cli.Demo.Checks;

namespace Fairlead.Cli.Commands;

/// <summary>
/// <c>fairlead demo</c>: two clusters on this machine, and a check for each thing that Fairlead promises.
/// </summary>
internal static class DemoCommand
{
    internal static Command Build(TextWriter output)
    {
        var keep = new Option<bool>("--keep") { Description = "Run no checks; stay up until SIGINT or SIGTERM." };
        var envFile = new Option<string?>("--env-file")
        {
            Description = "Write KEY=VALUE lines about what runs to this file.",
        };
        var repository = new Option<string?>("--repository")
        {
            Description = "The folder with samples and eng; found from the program by default.",
        };
        var listener = new Option<int?>("--listener")
        {
            Description = "Envoy's HTTP port; 15080 by default, or a free one where that is in use.",
        };
        var checks = new Option<string?>("--checks")
        {
            Description = "Run only these checks, by number: 1,3,5a. Some rest on others: 1b on 1, 4 to 7c on 3.",
        };
        var outage = new Option<int?>("--outage")
        {
            Description = "Seconds of requests while the parent is dead, in check 12: 60 by default, 1 to 600.",
        };
        var policy = new Option<string?>("--policy")
        {
            Description = "With --keep, the policy of all segments, a word of segment init: the demo's by default.",
        };
        var parent = new Option<bool>("--below-a-parent")
        {
            Description = "With --keep, the second world: segments below acme.internal.",
        };
        var command = new Command("demo", "Run two clusters on this machine and check what must hold.")
        {
            keep, envFile, repository, listener, checks, outage, policy, parent,
        };
        command.SetAction((parsed, cancellationToken) => DemoRun.RunAsync(
            Check(new DemoOptions(
                parsed.GetValue(keep),
                parsed.GetValue(envFile),
                parsed.GetValue(repository) ?? FindRepository(),
                PortOf(parsed.GetValue(listener)),
                ChecksOf(parsed.GetValue(checks)),
                OutageOf(parsed.GetValue(outage)))
            {
                Policy = parsed.GetValue(policy),
                IsBelowAParent = parsed.GetValue(parent),
            }),
            output,
            TimeProvider.System,
            cancellationToken));
        return command;
    }

    private static DemoOptions Check(DemoOptions options)
    {
        if (options is { Keep: true, Checks: not null })
        {
            throw new CliException(ExitCode.Usage, "--checks chooses what runs, and --keep runs none: give one");
        }

        if (options is { Keep: false, Policy: not null } or { Keep: false, IsBelowAParent: true })
        {
            throw new CliException(
                ExitCode.Usage, "--policy and --below-a-parent say what stays up: they need --keep");
        }

        if (options.Policy is { } policy && !Policies.Names.Contains(policy))
        {
            throw new CliException(
                ExitCode.Usage, $"--policy {policy}: there are {string.Join(", ", Policies.Names)}");
        }

        if (options.EnvFile is { } file)
        {
            if (!options.Keep)
            {
                throw new CliException(ExitCode.Usage, "--env-file describes what runs on: it needs --keep");
            }

            EnvFile.CheckWritable(file);
        }

        return Directory.Exists(Path.Combine(options.Repository, "samples", "shop"))
            ? options
            : throw new CliException(ExitCode.Usage, $"--repository {options.Repository}: holds no samples/shop");
    }

    private static HashSet<string>? ChecksOf(string? wanted)
    {
        if (wanted is null)
        {
            return null;
        }

        var chosen = wanted.Split(',').ToHashSet(StringComparer.Ordinal);
        var unknown = chosen.Except(AllChecks.Numbers).ToList();
        return unknown.Count == 0
            ? chosen
            : throw new CliException(
                ExitCode.Usage,
                $"--checks {wanted}: there is no check {unknown[0]}; there are {string.Join(", ", AllChecks.Numbers)}");
    }

    private static TimeSpan OutageOf(int? wanted) => wanted is null or (>= 1 and <= 600)
        ? TimeSpan.FromSeconds(wanted ?? 60)
        : throw new CliException(ExitCode.Usage, $"--outage {wanted}: 1 to 600 seconds");

    private static int PortOf(int? wanted)
    {
        if (wanted is not { } port)
        {
            return 0;
        }

        if (port is < 1 or > IPEndPoint.MaxPort)
        {
            throw new CliException(ExitCode.Usage, $"--listener {port}: a port is 1 to {IPEndPoint.MaxPort}");
        }

        return FreePorts.IsFree(new IPEndPoint(IPAddress.Loopback, port))
            ? port
            : throw new CliException(
                ExitCode.Usage,
                $"--listener {port}: 127.0.0.1:{port} is in use; "
                + $"end what listens there (ss -ltnp) or choose another port");
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "samples", "shop")))
            {
                return folder.FullName;
            }
        }

        throw new CliException(
            ExitCode.Usage, "samples/shop is not above the program; name its folder with --repository");
    }
}
