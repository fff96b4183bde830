using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Naming;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hosting;

/// <summary>What an operator sees of the real program when something is wrong at the start: place, remedy, exit code
/// 2.</summary>
public sealed class StartProcessTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("id: us1-a", "id: us1-z", "segment.json: epoch 0 has no anchor us1-z; check id")]
    [InlineData("id: us1-a", "id: [", "anchor.yaml:")]
    [InlineData("id: us1-a", "idd: us1-a", "anchor.yaml:1: `idd` is unknown; did you mean `id`?")]
    [InlineData(
        "admin: 127.0.0.1:0", "admin: 0.0.0.0:16001",
        "anchor.yaml:9: `admin` is 0.0.0.0:16001, which others can reach; write a loopback address")]
    [InlineData(
        "id: us1-a",
        "id: us1-a\nsubjects: [{key: 'KEY', namespace: a, account: b}, {key: 'KEY', namespace: a, account: c}]",
        "anchor.yaml:2: `subjects` names a key twice")]
    [InlineData(
        "admin: 127.0.0.1:0\nmetrics: 127.0.0.1:0", "admin: 127.0.0.1:700\nmetrics: '[::]:700'",
        "`metrics` is [::]:700, where admin listens; give each a port of its own")]
    [InlineData("metrics: 127.0.0.1:0", "metrics: localhost:1", "anchor.yaml:10: `metrics` is `localhost:1`")]
    [InlineData("metrics: 127.0.0.1:0", "metrics: 127.0.0.1:70000", "anchor.yaml:10: `metrics` is `127.0.0.1:70000`")]
    [InlineData("segment.json", "nowhere.json", "nowhere.json")]
    [InlineData("metrics: 127.0.0.1:0", "operator_socket: gov.pem", "gov.pem, which is a file and no socket")]
    [InlineData(
        "metrics: 127.0.0.1:0",
        "operator_socket: /a-path-for-a-socket/that-is-one-byte-longer/than-the-kernel-has/room-for/a-path-for-a-"
            + "socket/that-is-one-by",
        "which has 108 bytes, and a unix socket's at most 107")]
    [InlineData("gov.pem", "nowhere.pem", "key file ")]
    [InlineData("gov: gov.pem", "gov: tls.pem", "as this anchor's gov key; give the right file")]
    [InlineData("seal: seal.pem", "seal: gov.pem", "as this anchor's seal key; give the right file")]
    public async Task Configuration_Wrong_NamesPlaceAndRemedy(string from, string to, string message)
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        anchor.Change(from, to.Replace("KEY", $"{TestKeys.Key(901)}", StringComparison.Ordinal));
        await RefusedAsync(anchor, message);
    }

    [Fact]
    public async Task Arguments_Wrong_SayHow()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        foreach (var arguments in new string[][] { [], ["--config"], ["--config", "a", "b"] })
        {
            await using var process = anchor.Start(arguments);
            Assert.Equal(2, await process.WaitAsync(AnchorProcess.Patience, Cancelled));
            Assert.Equal("usage: anchor --config FILE [--check-config]", process.Errors);
        }

        foreach (var (argument, answer) in new[] { ("--help", "usage: anchor"), ("--version", "Fairlead.Anchor 0.1") })
        {
            await using var process = anchor.Start(argument);
            Assert.StartsWith(
                answer, await process.ReadLineAsync(AnchorProcess.Patience, Cancelled), StringComparison.Ordinal);
            Assert.Equal(0, await process.WaitAsync(AnchorProcess.Patience, Cancelled));
        }

        await using var missing = anchor.Start("--config", "/nowhere/anchor.yaml");
        Assert.Equal(2, await missing.WaitAsync(AnchorProcess.Patience, Cancelled));
        Assert.Contains("/nowhere/anchor.yaml", missing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_DeeplyNested_IsRefusedAndCrashesNothing()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        await File.WriteAllTextAsync(anchor.Configuration, "id: " + new string('[', 100_000), Cancelled);
        await RefusedAsync(anchor, "anchor.yaml:1: ");
    }

    [Theory]
    [InlineData("mode", "mode 0644 lets others use it; run: chmod 600")]
    [InlineData("text", "not PKCS#8 PEM")]
    [InlineData("curve", "not a P-256 key")]
    public async Task Key_ThatMayNotBeUsed_NamesFileAndRemedy(string what, string message)
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        var path = Path.Combine(anchor.Folder, "seal.pem");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        switch (what)
        {
            case "mode":
                File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
                break;
            case "text":
                await File.WriteAllTextAsync(path, "nothing of the kind", Cancelled);
                break;
            default:
                await File.WriteAllTextAsync(path, KeyPem.Format(other), Cancelled);
                break;
        }

        await RefusedAsync(anchor, $"key file {path}: ", message);
    }

    [Fact]
    public async Task SegmentFile_ThatDoesNotVerify_NamesFileErrorAndRemedy()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        var text = await File.ReadAllTextAsync(anchor.SegmentFile, Cancelled);
        var at = text.IndexOf("\"genesis\"", StringComparison.Ordinal);
        at = text.IndexOf(':', at) + 3;
        var digit = text.AsSpan(at).IndexOfAnyInRange('0', '9') + at;
        var changed = text[..digit] + (text[digit] == '1' ? '2' : '1') + text[(digit + 1)..];
        await File.WriteAllTextAsync(anchor.SegmentFile, changed, Cancelled);
        await RefusedAsync(
            anchor, $"segment file {anchor.SegmentFile}: ", "GenesisMismatch", "take it anew from the ceremony");
    }

    [Theory]
    [InlineData("listen")]
    [InlineData("admin")]
    [InlineData("metrics")]
    public async Task Port_InUse_NamesOptionAddressAndRemedy(string option)
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        anchor.Change(
            $"{option}: {(option == "listen" ? anchor.Listen : "127.0.0.1:0")}", $"{option}: {other.LocalEndpoint}");
        await RefusedAsync(
            anchor, $"{option}: {other.LocalEndpoint}: ", "end what uses the address, or give another one");
    }

    /// <summary>It must not wait for whoever writes there.</summary>
    [Theory]
    [InlineData("anchor.yaml")]
    [InlineData("seal.pem")]
    [InlineData("segment.json")]
    public async Task File_ThatIsAPipe_IsNamed(string name)
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        var path = name == "segment.json" ? anchor.SegmentFile : Path.Combine(anchor.Folder, name);
        File.Delete(path);
        OddFiles.Pipe(Path.GetDirectoryName(path)!, name);
        await RefusedAsync(anchor, path, "it is a pipe, not a regular file");
    }

    [Fact]
    public async Task Data_ThatCannotBeUsed_NamesItAndTheRemedy()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        await File.WriteAllTextAsync(anchor.Data, "a file", Cancelled);
        await RefusedAsync(anchor, $"data folder {anchor.Data}: ", "make it writable");
        File.Delete(anchor.Data);
        Directory.CreateDirectory(anchor.Data);
        await File.WriteAllTextAsync(Path.Combine(anchor.Data, "verifier.state"), "damaged", Cancelled);
        await RefusedAsync(anchor, Path.Combine(anchor.Data, "verifier.state"), "StateCorrupt");
    }

    [Fact]
    public async Task Anchor_WithoutTheOthers_IsReadyToServeAndEndsWith0AndHoldsItsData()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        await using var process = anchor.Start();
        Assert.Equal("ready", await process.ReadLineAsync(AnchorProcess.Patience, Cancelled));

        // A second one of the same folder must not sign beside it.
        anchor.Change($"listen: {anchor.Listen}", "listen: 127.0.0.1:0");
        await RefusedAsync(anchor, anchor.Data, "end ");
        AnchorProcess.Terminate(process);
        Assert.Equal(0, await process.WaitAsync(AnchorProcess.Patience, Cancelled));
    }

    /// <summary>All that is wrong at once, and nothing touched; beside an anchor that runs it is good.</summary>
    [Fact]
    public async Task Check_TellsAllThatIsWrong_AndThatAllIsWell()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        await using var running = anchor.Start();
        Assert.Equal("ready", await running.ReadLineAsync(AnchorProcess.Patience, Cancelled));
        await using (var good = anchor.Start("--config", anchor.Configuration, "--check-config"))
        {
            Assert.Equal(0, await good.WaitAsync(AnchorProcess.Patience, Cancelled));
            Assert.Equal("the configuration is good", await good.ReadLineAsync(AnchorProcess.Patience, Cancelled));
        }

        AnchorProcess.Terminate(running);
        Assert.Equal(0, await running.WaitAsync(AnchorProcess.Patience, Cancelled));
        await JournalsAreLookedAtAsync(anchor);
        anchor.Change("id: us1-a", $"idd: us1-a\noperator_socket: {anchor.Configuration}/operator.sock");
        await File.WriteAllTextAsync(Path.Combine(anchor.Data, "verifier.state"), "damaged", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(anchor.Data, "operations.state"), "damaged", Cancelled);
        await File.WriteAllTextAsync(Path.Combine(anchor.Data, "store.mark"), "damaged", Cancelled);
        File.SetUnixFileMode(Path.Combine(anchor.Folder, "seal.pem"), (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(Path.Combine(anchor.Folder, "gov.pem"), (UnixFileMode)0b110_100_000);
        await using var bad = anchor.Start("--config", anchor.Configuration, "--check-config");
        Assert.Equal(2, await bad.WaitAsync(AnchorProcess.Patience, Cancelled));
        Assert.All(
            ["`idd` is unknown", "operator's socket", "seal.pem: mode 0644", "gov.pem: mode 0640", "StateCorrupt",
                "verifier.state", "operations.state", "store.mark"],
            part => Assert.Contains(part, bad.Errors, StringComparison.Ordinal));
    }

    // Where the keys are good: one is damaged in its middle, and one is gone.
    private static async Task JournalsAreLookedAtAsync(AnchorProcess anchor)
    {
        var journals = Directory.GetFiles(anchor.Data, "*.j");
        Assert.Equal(2, journals.Length);
        File.Move(journals[0], journals[0] + ".away");
        var bytes = await File.ReadAllBytesAsync(journals[1], Cancelled);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(journals[1], bytes, Cancelled);
        await using var bad = anchor.Start("--config", anchor.Configuration, "--check-config");
        Assert.Equal(2, await bad.WaitAsync(AnchorProcess.Patience, Cancelled));
        Assert.All(
            ["JournalConflict", "put the newest data folder back", "no journal of the "],
            part => Assert.Contains(part, bad.Errors, StringComparison.Ordinal));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(journals[1], Cancelled));
    }

    [Fact]
    public async Task Signal_ToReadItsFileAnew_EndsNothing_AndSaysWhatChanged()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        await using var process = anchor.Start();
        Assert.Equal("ready", await process.ReadLineAsync(AnchorProcess.Patience, Cancelled));
        await File.AppendAllTextAsync(anchor.Configuration, $"""

            journal_mib: 9
            subjects: [{"{"}key: "{TestKeys.Key(901)}", namespace: shop, account: new{"}"}]
            """, Cancelled);
        process.Signal(1);
        await SaysAsync("changed: subjects");
        await SaysAsync("has another `journal_mib`");
        anchor.Change("journal_mib: 9", "journal: 9");
        process.Signal(1);
        await SaysAsync("ReloadRefused: ");
        AnchorProcess.Terminate(process);
        Assert.Equal(0, await process.WaitAsync(AnchorProcess.Patience, Cancelled));

        Task SaysAsync(string part) => Eventually.HoldsAsync(
            () => Task.FromResult(process.Errors), errors => errors.Contains(part, StringComparison.Ordinal),
            AnchorProcess.Patience, Cancelled);
    }

    [Fact]
    public async Task Log_AsJson_IsObjectsToTheLastLine()
    {
        await using var anchor = await AnchorProcess.PrepareAsync();
        anchor.Change("id: us1-a", "log: {format: json}\nid: us1-a");
        anchor.Change("gov: gov.pem", "gov: tls.pem");
        await using var process = anchor.Start();
        Assert.Equal(2, await process.WaitAsync(AnchorProcess.Patience, Cancelled));
        var messages = process.Errors.TrimEnd().Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("message").GetString()).ToList();
        Assert.Contains("as this anchor's gov key", messages[^1], StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(AnchorProcess anchor, params string[] messages)
    {
        await using var process = anchor.Start();
        Assert.Equal(2, await process.WaitAsync(AnchorProcess.Patience, Cancelled));
        Assert.All(messages, message => Assert.Contains(message, process.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", process.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY-----", process.Errors, StringComparison.Ordinal);
        Assert.Null(DoubledWords.In(process.Errors));
    }
}
