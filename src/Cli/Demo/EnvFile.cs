namespace Fairlead.Cli.Demo;

/// <summary>A file of <c>KEY=VALUE</c> lines that appears whole or not at all.</summary>
internal static class EnvFile
{
    internal static async Task WriteAsync(string path, IEnumerable<(string Key, string Value)> values, CancellationToken cancellationToken)
    {
        var full = Path.GetFullPath(path);
        var temporary = full + ".tmp";
        await File.WriteAllLinesAsync(temporary, values.Select(pair => $"{pair.Key}={pair.Value}"), cancellationToken)
            .ConfigureAwait(false);
        File.Move(temporary, full, overwrite: true);
    }
}
