namespace Fairlead.EndToEnd.Tests;

/// <summary>A folder that goes away with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("fairlead-e2e-").FullName;

    internal string this[string name] => Path.Combine(_path, name);

    internal string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], mode);
        return this[name];
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
