using System.Diagnostics;
using Fairlead.Cli.Demo;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("resolv x")]
    [InlineData("resolve")]
    [InlineData("resolve a.b.svc.c --key k")]
    [InlineData("resolve a.b.svc.c --bootstrap b --key k --output xml")]
    [InlineData("resolve a.b.svc.c more --bootstrap b --key k")]
    [InlineData("verify F")]
    [InlineData("segment")]
    [InlineData("segment init --name x")]
    [InlineData("segment init --f many")]
    [InlineData("key new")]
    [InlineData("manifests generate --services two --endpoints 1 --out d")]
    [InlineData("manifests generate --services 0 --endpoints 1 --out d")]
    [InlineData("manifests generate --services 100000 --endpoints 1000 --out d")]
    public async Task Run_MalformedLine_ExitsWithUsage(string line)
    {
        var run = await Fairlead.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        run.Fails(ExitCode.Usage, "fairlead: ");
    }

    [Fact]
    public async Task Help_AnyCommand_ExitsWithSuccess() =>
        Assert.Contains("trace", (await Fairlead.RunAsync("--help")).Succeeds().Output, StringComparison.Ordinal);

    /// <summary>The library says first that there is no command.</summary>
    [Theory]
    [InlineData("resolf", "fairlead: 'resolf' is no command here; there are resolve, trace, ")]
    [InlineData("propose polici", "fairlead: 'polici' is no command here; there are policy, peer, ")]
    public async Task Word_ThatIsNoCommand_IsNamedWithThoseThatAre(string line, string part)
    {
        var run = await Fairlead.RunAsync(line.Split(' '));
        run.Fails(ExitCode.Usage, part);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("--out: give the file to write", "")]
    [InlineData("choose an --out in a folder that can be written", "none/k.pem")]
    public async Task KeyNew_ThatCannotBeWritten_SaysWhatToDo(string part, string file) =>
        (await Fairlead.RunAsync("key", "new", "--out", file.Length == 0 ? "" : _folder[file]))
        .Fails(ExitCode.Usage, part);

    [Fact]
    public async Task KeyNew_NewFile_PrintsItsKeyAndKid()
    {
        var run = (await Fairlead.RunAsync("key", "new", "--out", _folder["k.pem"])).Succeeds();

        using var signer = Protocol.Files.KeyFile.LoadSigner(_folder["k.pem"]);
        Assert.Equal($"key {signer.Key.Text}\nkid {signer.Key.Kid}\n", run.Output);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["k.pem"]));
    }

    [Fact]
    public async Task KeyShow_TellsWhatKeyNewTold()
    {
        var made = (await Fairlead.RunAsync("key", "new", "--out", _folder["k.pem"])).Succeeds();
        Assert.Equal(made.Output, (await Fairlead.RunAsync("key", "show", _folder["k.pem"])).Succeeds().Output);
        (await Fairlead.RunAsync("key", "show", _folder["none.pem"])).Fails(ExitCode.Usage, "it does not exist");
    }

    /// <summary>The kubelet mounts a Secret for a pod that is not root so that its group may read it, behind a link.
    /// </summary>
    [Theory]
    [InlineData("640", "nobody", true)]
    [InlineData("440", "nobody", true)]
    [InlineData("644", "nobody", false)]
    [InlineData("660", "nobody", false)]
    [InlineData("640", "root", false)]
    public async Task KeyShow_OfAMountedSecret_IsForItsGroup(string mode, string user, bool isRead)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a file to another group");
        await Fairlead.RunAsync("key", "new", "--out", _folder["data.pem"]);
        File.CreateSymbolicLink(_folder["k.pem"], "data.pem");
        var id = user == "root" ? "0" : "65534";
        var (code, output) = await ShellAsync(
            $"chmod 755 {_folder["."]} && chgrp 65534 {_folder["data.pem"]} && chmod {mode} {_folder["data.pem"]} && "
            + $"HOME=/ exec setpriv --reuid {id} --regid 65534 --clear-groups "
            + $"{Path.Combine(AppContext.BaseDirectory, "fairlead")} key show {_folder["k.pem"]} 2>&1");
        Assert.True((code == 0) == isRead, $"{code}: {output}");
        var remedy = user == "root" ? "run: chmod 600" : "give its volume defaultMode: 0400";
        Assert.Contains(isRead ? "kid " : $"lets others use it; {remedy}", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> ShellAsync(string line)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", line]) { RedirectStandardOutput = true };
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (shell.ExitCode, output);
    }

    [Fact]
    public async Task KeyNew_FileExists_IsKept()
    {
        _folder.Write("k.pem", "mine");

        (await Fairlead.RunAsync("key", "new", "--out", _folder["k.pem"])).Fails(ExitCode.Usage, "never overwritten");

        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["k.pem"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task ManifestsGenerate_TwoServices_WritesAFileEach()
    {
        (await Fairlead.RunAsync(
            "manifests", "generate", "--services", "2", "--endpoints", "3", "--out", _folder["m"])).Succeeds();

        Assert.Equal(
            ["svc-00000.yaml", "svc-00001.yaml"],
            Directory.GetFiles(_folder["m"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ManifestsGenerate_ServicesAndEndpoints_AreWhatAControllerReads()
    {
        var folder = _folder["us1.internal"];
        (await Fairlead.RunAsync("manifests", "generate", "--services", "3", "--endpoints", "120", "--out", folder))
            .Succeeds();

        var endpoints = ManifestEndpoints.Read(folder);

        Assert.Equal(360, endpoints.Select(endpoint => endpoint.Address).Distinct().Count());
        Assert.Equal(
            [("svc-00000", 120), ("svc-00001", 120), ("svc-00002", 120)],
            endpoints.GroupBy(endpoint => endpoint.Service).Select(group => (group.Key, group.Count())).Order());
    }
}
