namespace Fairlead.Bench;

/// <summary>A folder below <c>artifacts/</c> of the working directory (the disk that is measured; a temporary folder is
/// often memory) that goes with its owner.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public ScratchFolder()
    {
        var parent = System.IO.Path.GetFullPath("artifacts/bench-scratch");
        Path = System.IO.Path.Combine(parent, System.IO.Path.GetRandomFileName());
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
