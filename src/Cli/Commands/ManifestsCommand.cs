using System.CommandLine;
using Fairlead.Kubernetes.Generation;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead manifests generate</c>: Kubernetes manifests for load and trials.</summary>
internal static class ManifestsCommand
{
    private const int ServicesMax = 100_000;
    private const int EndpointsMax = 4_000_000;

    internal static Command Build(TextWriter output)
    {
        var services = new Option<int>("--services") { Description = "How many Services.", Required = true };
        var endpoints = new Option<int>("--endpoints") { Description = "How many endpoints each.", Required = true };
        var folder = new Option<string>("--out")
        {
            Description = "The folder to write into; made where it is missing.",
            Required = true,
        };
        var generate = new Command("generate", "Write Services with EndpointSlices and ServiceExports, one file each.")
        {
            services, endpoints, folder,
        };
        generate.SetAction(parsed => Generate(
            parsed.GetValue(services), parsed.GetValue(endpoints), parsed.GetValue(folder)!, output));
        return new Command("manifests", "Kubernetes manifests.") { generate };
    }

    private static void Generate(int services, int endpoints, string folder, TextWriter output)
    {
        if (services is < 1 or > ServicesMax || endpoints < 0 || (long)services * endpoints > EndpointsMax)
        {
            throw new CliException(
                ExitCode.Usage,
                $"--services {services} --endpoints {endpoints}: "
                + $"give 1 to {ServicesMax} services with at most {EndpointsMax} endpoints in all");
        }

        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (file, text) in ManifestGenerator.Write(services, endpoints))
            {
                File.WriteAllText(Path.Combine(folder, file), text);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"--out {folder}: {e.Message}");
        }

        output.WriteLine($"wrote {services} services with {endpoints} endpoints each to {folder}");
    }
}
