using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The script that counts tests must never say better than the run was. Small shell programs stand in for
/// test programs: they take xunit's `-xml FILE`, write a report or none, and end as they please.</summary>
public sealed class CountTestsTests : IDisposable
{
    private const string Pass = "<test name='P' result='Pass' time='0'/>";
    private const string Fail = "<test name='Bad.One' result='Fail'><failure><message>boom</message></failure></test>";
    private const string Skip = "<test name='S.One(a: 1)' result='Skip'><reason>no\n  Envoy</reason></test>";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _programs = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Counts_AllPassed_ExitsZero()
    {
        Add("A.Tests", Pass + Pass);
        Add("B.Tests", Pass);
        Expect(0, "tests: 3 passed, 0 failed, 0 skipped");
    }

    [Fact]
    public void Counts_Failure_IsNamedAndExitsNonZero()
    {
        Add("A.Tests", Pass + Fail, "exit 1");
        var ended = Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
        Assert.Contains("FAILED Bad.One\n    boom", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_FailureWithExitCodeZero_StillExitsNonZero()
    {
        Add("A.Tests", Pass + Fail, "exit 0");
        Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_ExitCodeOneWithoutFailure_IsAFailure()
    {
        Add("A.Tests", Pass, "exit 1");
        Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_Crash_IsAFailureAndNamesTheRunningTest()
    {
        Add("A.Tests", Pass);
        _programs.Add(_folder.Program(
            "B.Tests", "echo '    X.Done [STARTING]'; echo '    X.Done [FINISHED] Time: 1s';"
            + "echo '    X.Deep(a: 1) [STARTING]'; kill -ABRT $$"));
        var ended = Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
        Assert.Contains("(SIGABRT)", ended.Output, StringComparison.Ordinal);
        Assert.Contains("was running: X.Deep(a: 1)\n", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("was running: X.Done", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_CrashAfterItsReport_IsAFailure()
    {
        Add("A.Tests", Pass, "exit 134");
        Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_HalfAReport_IsAFailure()
    {
        _programs.Add(_folder.Program("A.Tests", "echo '<assemblies><assembly>' > \"$2\""));
        Expect(1, "tests: 0 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_StaleReport_IsNotTaken()
    {
        Directory.CreateDirectory(Out);
        File.WriteAllText(Path.Combine(Out, "A.Tests.xml"), Report(Pass));
        _programs.Add(_folder.Program("A.Tests", "exit 0"));
        Expect(1, "tests: 0 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_ProgramWithoutTests_IsAFailure()
    {
        Add("A.Tests", Pass);
        Add("B.Tests", "");
        Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_NoProgram_ExitsNonZero() => Expect(1, "tests: 0 passed, 0 failed, 0 skipped");

    [Fact]
    public void Counts_MissingProgram_IsAFailure()
    {
        _programs.Add(Path.Combine(_folder.Path, "Absent.Tests"));
        Expect(1, "tests: 0 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_OnlySkips_ExitsNonZero()
    {
        Add("A.Tests", Skip);
        Expect(1, "tests: 0 passed, 0 failed, 1 skipped");
    }

    [Fact]
    public void Counts_Skip_IsListedWithItsReasonOnOneLine()
    {
        Add("A.Tests", Pass + Skip);
        var ended = Expect(0, "tests: 1 passed, 0 failed, 1 skipped");
        Assert.Contains("\nSKIPPED S.One(a: 1): no Envoy\n", ended.Output, StringComparison.Ordinal);
        Assert.Equal("SKIPPED S.One(a: 1): no Envoy\n", File.ReadAllText(Path.Combine(Out, "skipped.txt")));
    }

    [Fact]
    public void Counts_ErrorOutsideATest_IsAFailure()
    {
        var errors = "<errors><error name='Fixture'><failure><message>cleanup</message></failure></error></errors>";
        Add("A.Tests", errors + Pass, "exit 1");
        Expect(1, "tests: 1 passed, 1 failed, 0 skipped");
    }

    [Fact]
    public void Counts_ExplicitTestNotRun_IsNotCounted()
    {
        Add("A.Tests", Pass + "<test name='E' result='NotRun'/>");
        Expect(0, "tests: 1 passed, 0 failed, 0 skipped");
    }

    [Fact]
    public void Counts_ProgramThatHangs_IsEndedWithItsChildren()
    {
        var child = Path.Combine(_folder.Path, "child");
        _programs.Add(_folder.Program("A.Tests", $"sleep 300 & echo $! > {child}; wait"));
        var ended = Expect(1, "tests: 0 passed, 1 failed, 0 skipped", "--timeout", "0.5");
        Assert.Contains("no end within 0.5 s", ended.Output, StringComparison.Ordinal);
        var status = $"/proc/{File.ReadAllText(child).Trim()}/stat";
        Assert.True(!File.Exists(status) || File.ReadAllText(status).Contains(") Z ", StringComparison.Ordinal));
    }

    private string Out => Path.Combine(_folder.Path, "out");

    private static string Report(string tests) =>
        $"<assemblies><assembly><collection>{tests}</collection></assembly></assemblies>"
            .Replace("<collection><errors>", "<errors>", StringComparison.Ordinal)
            .Replace("</errors>", "</errors><collection>", StringComparison.Ordinal);

    private void Add(string name, string tests, string end = "exit 0")
    {
        var report = _folder.File(name + ".report", Report(tests));
        _programs.Add(_folder.Program(name, $"cp {report} \"$2\"; {end}"));
    }

    private Command.Ended Expect(int exitCode, string closing, params string[] options)
    {
        var script = RepositoryRoot.Absolute("eng/count-tests.py");
        var ended = Command.Run("python3", [script, "--out", Out, .. options, .. _programs]);
        Assert.Equal(closing, ended.LastLine);
        Assert.Equal(exitCode, ended.ExitCode);
        return ended;
    }
}
