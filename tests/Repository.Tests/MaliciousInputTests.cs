using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The table of malicious inputs (trust 5): tests carry `[MaliciousInput(number, "what: Error")]`, and a list
/// says which numbers are claimed to be refused by now, `number: Error` on each line.</summary>
public sealed partial class MaliciousInputTests(ITestOutputHelper output)
{
    private const string ClaimsFile = "tests/Naming.Tests/malicious-inputs.txt";
    private const int NumberMax = 147;

    /// <summary>The inputs whose target does not exist yet, each with what has to come first. The list only
    /// shrinks.</summary>
    private static readonly Dictionary<int, string> Outstanding = new()
    {
        [39] = "SealForked: the audit (V20)",
        [63] = "TooManyRedirects: following redirects (V34)",
        [64] = "RedirectUidMismatch: following redirects (V34)",
        [87] = "RecoveryNotEffective: recovery epochs (V10r)",
        [88] = "RecoveryVetoed: recovery epochs (V10r)",
        [132] = "RecoverySenior: recovery epochs (V10r)",
    };

    private static ILookup<int, Test> Tested { get; } =
    (
        from file in SourceFile.Under("tests/")
        from method in file.Nodes<MethodDeclarationSyntax>()
        where IsRunningTest(method)
        from attribute in method.AttributeLists.SelectMany(list => list.Attributes)
        where attribute.Name.ToString() == "MaliciousInput"
        let arguments = attribute.ArgumentList!.Arguments
        let what = arguments.Count > 1 ? (arguments[1].Expression as LiteralExpressionSyntax)?.Token.ValueText : null
        select (
            Number: int.Parse(arguments[0].ToString(), CultureInfo.InvariantCulture),
            Test: new Test(file.At(attribute), Outcome().Match(what ?? "").Groups[1].Value, method))
    ).ToLookup(one => one.Number, one => one.Test);

    [Fact]
    public void Numbers_OfTests_AreOnesOfTheTable()
    {
        Assert.All(Tested, group => Assert.InRange(group.Key, 1, NumberMax));
    }

    [Fact]
    public void Numbers_AreEachClaimedOrOutstandingWithAReason()
    {
        output.WriteLine($"{NumberMax - Outstanding.Count} of {NumberMax} malicious inputs are claimed");
        foreach (var (number, reason) in Outstanding)
        {
            output.WriteLine($"outstanding {number}: {reason}");
        }

        var claimed = Claims().Select(claim => claim.Number).ToList();
        Assert.Equal(Enumerable.Range(1, NumberMax), claimed.Concat(Outstanding.Keys).Order());
        Findings.None(Outstanding.Keys.Where(Tested.Contains)
            .Select(number => $"{number} has a test: claim it in {ClaimsFile} and take it off the list"));
    }

    /// <summary>Not by what an attribute says alone: the error stands in what the test asserts, or in the helpers and
    /// the data of its class that it uses.</summary>
    [Fact]
    public void Claims_EachHaveATestThatAssertsTheirError()
    {
        var broken = from claim in Claims()
                     let tests = Tested[claim.Number].Where(test => test.Error == claim.Error).ToList()
                     where !tests.Any(test => test.Asserts)
                     select tests.Count == 0
                         ? $"{claim.Number}: no test says {claim.Error}"
                         : $"{claim.Number}: {string.Join(", ", tests.Select(test => test.At))} names {claim.Error} in "
                         + "its attribute alone";
        Findings.None(broken);
    }

    [Theory]
    [InlineData("void Run() => Refused(BadKey);", true)]
    [InlineData("void Run() => Refused(\"BadKey\");", true)]
    [InlineData("void Run() => Help(); void Help() => Refused(BadKey);", true)]
    [InlineData("void Run() => Refused(Expected); const string Expected = nameof(BadKey);", true)]
    [InlineData("[InlineData(\"BadKey\")] void Run(string error) => Refused(error);", true)]
    [InlineData("[MaliciousInput(7, \"x: BadKey\")] void Run() => Refused(BadProof);", false)]
    [InlineData("void Run() => Refused(BadProof); void Other() => Refused(BadKey);", false)]
    [InlineData("void Run() => Refused(BadKeys);", false)]
    public void Error_ThatATestAsserts_IsFoundInItsCode(string members, bool asserts)
    {
        var type = CSharpSyntaxTree.ParseText(
                $"class T {{ {members} }}", cancellationToken: TestContext.Current.CancellationToken)
            .GetRoot(TestContext.Current.CancellationToken).DescendantNodes();
        var method = type.OfType<MethodDeclarationSyntax>().First(one => one.Identifier.Text == "Run");
        Assert.Equal(asserts, new Test("", "BadKey", method).Asserts);
    }

    [Fact]
    public void Claims_StandOnceAndInOrder()
    {
        var numbers = Claims().Select(claim => claim.Number).ToList();
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    private static List<(int Number, string Error)> Claims()
    {
        if (!RepositoryRoot.TrackedFiles.Contains(ClaimsFile))
        {
            return [];
        }

        return
        [
            .. from line in RepositoryRoot.Read(ClaimsFile).Split('\n')
               where line.Trim().Length > 0 && !line.StartsWith('#')
               let parts = line.Split(": ", 2)
               select (int.Parse(parts[0], CultureInfo.InvariantCulture), Word().Match(parts[1]).Value),
        ];
    }

    /// <summary>A test of an input.</summary>
    /// <param name="At">Where it stands.</param>
    /// <param name="Error">The error that its attribute names; empty for none.</param>
    /// <param name="Method">Its code.</param>
    private sealed record Test(string At, string Error, MethodDeclarationSyntax Method)
    {
        internal bool Asserts
        {
            get
            {
                var members = ((TypeDeclarationSyntax)Method.Parent!).Members
                    .SelectMany(member => NamesOf(member).Select(name => (name, member)))
                    .ToLookup(one => one.name, one => one.member);
                var seen = new HashSet<MemberDeclarationSyntax> { Method };
                var open = new Queue<MemberDeclarationSyntax>(seen);
                while (open.TryDequeue(out var member))
                {
                    foreach (var word in Words(member))
                    {
                        if (word == Error)
                        {
                            return true;
                        }

                        foreach (var used in members[word].Where(seen.Add))
                        {
                            open.Enqueue(used);
                        }
                    }
                }

                return false;
            }
        }

        private static IEnumerable<string> NamesOf(MemberDeclarationSyntax member) => member switch
        {
            MethodDeclarationSyntax method => [method.Identifier.Text],
            PropertyDeclarationSyntax property => [property.Identifier.Text],
            FieldDeclarationSyntax field => field.Declaration.Variables.Select(one => one.Identifier.Text),
            _ => [],
        };

        private static IEnumerable<string> Words(MemberDeclarationSyntax member) => member
            .DescendantNodes(node => node is not AttributeSyntax { Name: var name } || $"{name}" != "MaliciousInput")
            .SelectMany(node => node switch
            {
                SimpleNameSyntax name => [name.Identifier.Text],
                LiteralExpressionSyntax { Token.Value: string text } => Word().Matches(text).Select(one => one.Value),
                InterpolatedStringTextSyntax text => Word().Matches(text.TextToken.ValueText).Select(one => one.Value),
                _ => Enumerable.Empty<string>(),
            });
    }

    [GeneratedRegex(@": (\w+)( \(.*\))?$")]
    private static partial Regex Outcome();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    private static bool IsRunningTest(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes).Any(attribute =>
            attribute.Name.ToString() is "Fact" or "Theory"
            && attribute.ArgumentList?.Arguments.Any(a => a.NameEquals?.Name.ToString() == "Skip") != true);
}
