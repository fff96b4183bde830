using System.Text.RegularExpressions;
using Fairlead.Cli.Asking;
using Fairlead.Cli.Showing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Cli.Tests.Showing;

/// <summary>
/// What is shown, to the character; UPDATE_GOLDEN=1 writes the files. Keys are drawn anew in each run, so digests are
/// numbered by their first appearance.
/// </summary>
public sealed partial class GoldenTests
{
    private readonly PeerWorld _world = new();

    [Theory]
    [InlineData("record", "json")]
    [InlineData("record", "text")]
    [InlineData("record", "trace")]
    [InlineData("absent", "json")]
    [InlineData("absent", "text")]
    [InlineData("absent", "trace")]
    [InlineData("denied", "json")]
    [InlineData("denied", "text")]
    [InlineData("denied", "trace")]
    public void Show_Answer_IsAsTheGoldenFile(string outcome, string form)
    {
        var view = View(outcome);
        var text = form switch
        {
            "json" => AnswerJson.Write(view) + "\n",
            "text" => AnswerText.Write(view, Palette.Plain),
            _ => TraceText.Write(view, Palette.Plain),
        };
        Assert.DoesNotContain('\e', text);
        Golden($"{outcome}.{form}", Normalize(text));
    }

    private AnswerView View(string outcome)
    {
        var ask = outcome == "absent" ? _world.Ask("nobody.shop.svc") : _world.Ask();
        var raw = outcome switch
        {
            "record" => ask.Record(_world.East, _world.West),
            "absent" => ask.Negative(),
            _ => ask.Denied(),
        };
        var verdict = AnswerVerifier.Verify(
            _world.State, ask.Query, raw, _world.Now, new VerifierOptions { UnsafeAllowLoopbackEndpoints = true });
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        AnchorRefusal[] refusals = outcome == "record"
            ?
            [
                AnchorRefusal.Of(
                    IpEndpoint.Parse("127.0.0.1:11001"),
                    new Refusal(VerificationFailure.ProofMismatch, "hops[1]", "no")),
            ]
            : [];
        return AnswerView.Of(((Verdict.Accepted)verdict).Answer, 5000, [.. refusals]);
    }

    // Which three anchors signed first by kid, and every digest, differ from run to run.
    private static string Normalize(string text)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        text = Signers().Replace(text, "signed by <three>");
        text = SignerList().Replace(text, "\"signers\": [<three>]");
        return Hex().Replace(text, match =>
        {
            var key = match.Value[..16];
            numbers.TryAdd(key, numbers.Count + 1);
            return $"<{numbers[key]}>";
        });
    }

    private static void Golden(string name, string text)
    {
        var path = Path.Combine(Folder(), name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Sidecar.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("the repository is not above the tests");
        }

        return Path.Combine(folder.FullName, "tests", "Cli.Tests", "Showing", "Golden");
    }

    [GeneratedRegex("signed by us1-. us1-. us1-.|signed by eu1-. eu1-. eu1-.")]
    private static partial Regex Signers();

    [GeneratedRegex("\"signers\": \\[\\s+\"..1-.\",\\s+\"..1-.\",\\s+\"..1-.\"\\s+\\]")]
    private static partial Regex SignerList();

    [GeneratedRegex("\\b([0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16})\\b")]
    private static partial Regex Hex();
}
