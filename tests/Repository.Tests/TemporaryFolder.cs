namespace Fairlead.Repository.Tests;

/// <summary>A fresh folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("fairlead-repository-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    internal string File(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    internal string Program(string name, string script)
    {
        var path = File(name, "#!/bin/bash\n" + script + "\n");
        System.IO.File.SetUnixFileMode(
            path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
