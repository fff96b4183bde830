using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Controller;

/// <summary>The arguments: <c>--config FILE [--manifests DIR] [--check-config]</c>.</summary>
/// <param name="Config">The configuration file.</param>
/// <param name="Manifests">The folder of manifests; null for the file's.</param>
/// <param name="IsCheck">Whether the configuration is checked and nothing is run.</param>
internal sealed record CommandLine(string Config, string? Manifests, bool IsCheck)
{
    /// <summary>How the program is called.</summary>
    public const string Usage = "usage: controller --config FILE [--manifests DIR] [--check-config]";

    /// <summary>Reads the arguments; false with what is wrong.</summary>
    public static bool TryParse(
        IReadOnlyList<string> arguments, [NotNullWhen(true)] out CommandLine? line,
        [NotNullWhen(false)] out string? error)
    {
        line = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var isCheck = arguments.Contains("--check-config");
        arguments = [.. arguments.Where(argument => argument != "--check-config")];
        for (var index = 0; index < arguments.Count; index += 2)
        {
            var name = arguments[index];
            if (name is not ("--config" or "--manifests"))
            {
                error = $"unknown argument {name}";
                return false;
            }

            if (index + 1 == arguments.Count || !values.TryAdd(name, arguments[index + 1]))
            {
                error = index + 1 == arguments.Count ? $"{name} needs a value" : $"{name} is given twice";
                return false;
            }
        }

        if (!values.TryGetValue("--config", out var config))
        {
            error = "--config is missing";
            return false;
        }

        line = new(config, values.GetValueOrDefault("--manifests"), isCheck);
        error = null;
        return true;
    }
}
