using System.Reflection;

namespace Fairlead.Cli.Demo;

/// <summary>Scripts that travel inside the program.</summary>
internal static class EmbeddedScript
{
    internal static async Task WriteAsync(string name, string path, CancellationToken cancellationToken)
    {
        using var source = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not part of the program");
        using var target = File.Create(path);
        await source.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
    }
}
