using System.Globalization;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The table of malicious inputs (trust 5): tests carry `[MaliciousInput(number, "what: Error")]`, and a list
/// says which numbers are claimed to be refused by now, `number: Error` on each line.</summary>
public sealed class MaliciousInputTests(ITestOutputHelper output)
{
    private const string ClaimsFile = "tests/Naming.Tests/malicious-inputs.txt";
    private const int NumberMax = 142;

    /// <summary>The inputs whose target does not exist yet, each with what has to come first. The list only
    /// shrinks.</summary>
    private static readonly Dictionary<int, string> Outstanding = new()
    {
        [39] = "SealForked: the audit (V20)",
        [63] = "TooManyRedirects: following redirects (V34)",
        [64] = "RedirectUidMismatch: following redirects (V34)",
        [73] = "BehindWitness: Witness leaves (V42)",
        [87] = "RecoveryNotEffective: recovery epochs (V10r)",
        [88] = "RecoveryVetoed: recovery epochs (V10r)",
        [132] = "RecoverySenior: recovery epochs (V10r)",
    };

    private static ILookup<int, (string At, string What)> Tested { get; } =
    (
        from file in SourceFile.Under("tests/")
        from method in file.Nodes<MethodDeclarationSyntax>()
        where IsRunningTest(method)
        from attribute in method.AttributeLists.SelectMany(list => list.Attributes)
        where attribute.Name.ToString() == "MaliciousInput"
        let arguments = attribute.ArgumentList!.Arguments
        select (Number: int.Parse(arguments[0].ToString(), CultureInfo.InvariantCulture), At: file.At(attribute),
            What: arguments.Count > 1 ? arguments[1].ToString() : "")
    ).ToLookup(one => one.Number, one => (one.At, one.What));

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

    [Fact]
    public void Claims_EachHaveATestWithTheirError()
    {
        var broken = from claim in Claims()
                     where !Tested[claim.Number].Any(test => test.What.Contains(claim.Error, StringComparison.Ordinal))
                     select $"{claim.Number}: {claim.Error} has no test";
        Findings.None(broken);
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
               select (int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1].Trim()),
        ];
    }

    private static bool IsRunningTest(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes).Any(attribute =>
            attribute.Name.ToString() is "Fact" or "Theory"
            && attribute.ArgumentList?.Arguments.Any(a => a.NameEquals?.Name.ToString() == "Skip") != true);
}
