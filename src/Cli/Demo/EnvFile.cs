namespace Fairlead.Cli.Demo;

/// <summary>A file of <c>KEY=VALUE</c> lines that appears whole or not at all.</summary>
internal static class EnvFile
{
    /// <summary>Finds out before anything is started whether the file can be written.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    internal static void CheckWritable(string path)
    {
        try
        {
            File.WriteAllText(TemporaryOf(path), "");
            File.Delete(TemporaryOf(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>Writes the file beside its place and renames it.</summary>
    /// <exception cref="CliException">It cannot be written.</exception>
    internal static async Task WriteAsync(
        string path, IEnumerable<(string Key, string Value)> values, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllLinesAsync(
                TemporaryOf(path), values.Select(pair => $"{pair.Key}={pair.Value}"), cancellationToken)
                    .ConfigureAwait(false);
            File.Move(TemporaryOf(path), Path.GetFullPath(path), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    private static string TemporaryOf(string path) => Path.GetFullPath(path) + ".tmp";

    private static CliException Unwritable(string path, Exception e) =>
        new(
            ExitCode.Usage,
            $"--env-file {path}: {e.Message.TrimEnd('.')}; name a file in a folder that can be written");
}
