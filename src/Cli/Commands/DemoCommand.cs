using System.CommandLine;
using Fairlead.Cli.Demo;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead demo</c>: two clusters on this machine, and a check for each thing that Fairlead promises.</summary>
internal static class DemoCommand
{
    internal static Command Build(TextWriter output)
    {
        var keep = new Option<bool>("--keep") { Description = "Run no checks; stay up until SIGINT or SIGTERM." };
        var envFile = new Option<string?>("--env-file") { Description = "Write KEY=VALUE lines about what runs to this file." };
        var repository = new Option<string?>("--repository") { Description = "The folder with samples and eng; found from the program by default." };
        var listener = new Option<int>("--listener") { Description = "Envoy's HTTP port; a free one by default (15080 with --keep, where it is free)." };
        var command = new Command("demo", "Run two clusters on this machine and check what must hold.") { keep, envFile, repository, listener };
        command.SetAction((parsed, cancellationToken) => DemoRun.RunAsync(
            new DemoOptions(
                parsed.GetValue(keep), parsed.GetValue(envFile), parsed.GetValue(repository) ?? FindRepository(), parsed.GetValue(listener)),
            output,
            TimeProvider.System,
            cancellationToken));
        return command;
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

        throw new CliException(ExitCode.Usage, "samples/shop is not above the program; name its folder with --repository");
    }
}
