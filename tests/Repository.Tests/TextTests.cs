using System.Text.RegularExpressions;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>What no tracked text may hold. The patterns are written so that they do not match themselves.</summary>
public sealed partial class TextTests
{
    private static readonly string[] Foreign =
    [
        "/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/fl", "regis" + "try.npmjs.org", "api.nu" + "get.org", "py" + "pi.org",
        "files.pythonho" + "sted.org", "proxy.gol" + "ang.org", "Clau" + "de", "Anthro" + "pic",
        "Open" + "AI", "Chat" + "GPT", "Copi" + "lot", "sub" + "agent",
    ];

    private static IEnumerable<string> TextFiles => RepositoryRoot.TrackedFiles.Where(file =>
        !file.EndsWith(".sln", StringComparison.Ordinal) && !IsBinary(file));

    [Fact]
    public void Texts_NameNoForeignPlace()
    {
        var found =
            from file in TextFiles
            let text = RepositoryRoot.Read(file)
            from word in Foreign
            where text.Contains(word, StringComparison.OrdinalIgnoreCase)
            select $"{file}: {word}";
        Findings.None(found);
    }

    [Fact]
    public void Shared_FolderBesideTheRepository_IsNamedByTheCiRunAlone() =>
        Findings.None(TextFiles.Where(file => file != ".ci/run"
            && RepositoryRoot.Read(file).Contains("../sha" + "red", StringComparison.Ordinal)));

    [Fact]
    public void Comments_ToDo_HaveTheirIssue() =>
        Findings.None(TextFiles.Where(file => !file.EndsWith("package-lock.json", StringComparison.Ordinal))
            .Where(file => OpenEnd().IsMatch(RepositoryRoot.Read(file))));

    [Fact]
    public void Texts_EndWithOneLineFeedAndHaveNoCarriageReturn() =>
        Findings.None(TextFiles.Where(file =>
        {
            var text = RepositoryRoot.Read(file);
            return text.Length > 0 && (!text.EndsWith('\n') || text.Contains('\r', StringComparison.Ordinal));
        }));

    [Fact]
    public void Links_OfDocuments_Resolve()
    {
        var broken =
            from file in RepositoryRoot.FilesUnder("", ".md")
            from match in Link().Matches(CodeBlock().Replace(RepositoryRoot.Read(file), "")).Cast<Match>()
            let target = match.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
                && !target.StartsWith("mailto:", StringComparison.Ordinal)
            let path = Path.Combine(RepositoryRoot.Path, Path.GetDirectoryName(file)!, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{file}: {target}";
        Findings.None(broken);
    }

    private static bool IsBinary(string file)
    {
        using var stream = File.OpenRead(RepositoryRoot.Absolute(file));
        var start = new byte[512];
        return start.AsSpan(0, stream.Read(start)).Contains((byte)0);
    }

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME)\b(?!\(#\d+\))")]
    private static partial Regex OpenEnd();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
