using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>What the variables of the make targets do, as `make -n` says it: nothing is built or run.</summary>
public sealed class MakefileTests
{
    [Theory]
    [InlineData("demo", "fairlead.dll demo", "--keep --env-file --outage")]
    [InlineData("demo KEEP=1", "fairlead.dll demo --keep", "--env-file --outage")]
    [InlineData("demo KEEP=yes", "fairlead.dll demo --keep", "--env-file")]
    [InlineData("demo KEEP=0", "fairlead.dll demo", "--keep")]
    [InlineData("demo KEEP=no", "fairlead.dll demo", "--keep")]
    [InlineData("demo KEEP=false", "fairlead.dll demo", "--keep")]
    [InlineData("demo KEEP=1 ENV_FILE=d.env", "fairlead.dll demo --keep --env-file \"d.env\"", "--outage")]
    [InlineData("demo OUTAGE=60", "--outage 60", "--keep")]
    [InlineData("test", "eng/test.sh", "Naming.Tests")]
    [InlineData("test ONLY=Naming.Tests", "eng/test.sh Naming.Tests", "Xds.Tests")]
    [InlineData("bench", "Fairlead.Bench.dll", "cache")]
    [InlineData("bench ONLY=cache", "Fairlead.Bench.dll cache", "seal")]
    [InlineData("simulate", "--seeds 200", "--from --n --f --bug")]
    [InlineData("simulate SEEDS=7 FROM=3 N=7 F=2 BUG=x", "--seeds 7 --from 3 --n 7 --f 2 --bug x", "200")]
    [InlineData("publish-sidecar", "-r linux-x64", "linux-arm64")]
    [InlineData("publish-sidecar RID=linux-arm64", "-r linux-arm64", "linux-x64")]
    public void Variables_ReachTheProgram(string line, string expected, string unexpected)
    {
        var run = Command.Run("make", ["-n", .. line.Split(' ')], Clean);
        Assert.True(run.ExitCode == 0, run.Error);
        var words = run.Output.Replace("\\\n", " ", StringComparison.Ordinal)
            .Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var text = $" {string.Join(' ', words)} ";
        Assert.Contains($"{expected} ", text, StringComparison.Ordinal);
        Assert.All(unexpected.Split(' '), word => Assert.DoesNotContain(word, words));
    }

    /// <summary>The recipe becomes the program: who ends the program by its own id ends make with its code.</summary>
    [Fact]
    public void Demo_IsTheProgramItself() => Assert.Contains(
        "exec dotnet artifacts/bin/Cli/release/fairlead.dll demo", Command.Run("make", ["-n", "demo"], Clean).Output,
        StringComparison.Ordinal);

    // The tests may run under make, whose variables would be heard.
    private static Dictionary<string, string?> Clean => new[]
    {
        "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "KEEP", "ENV_FILE", "OUTAGE", "ONLY", "SEEDS", "FROM", "N", "F", "BUG",
        "RID",
    }.ToDictionary(name => name, _ => (string?)null);
}
