using Xunit;

namespace Fairlead.Repository.Tests;

public sealed class CheckSkipsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Skip_ListedWithItsReason_Passes() =>
        Assert.Equal(0, Check("# why\n\nA.B(x: 1): no Envoy\n", "SKIPPED A.B(x: 1): no Envoy\n").ExitCode);

    [Fact]
    public void Skip_NotListed_FailsAndIsNamed()
    {
        var ended = Check("", "SKIPPED A.B: no Envoy\n");
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("A.B: no Envoy", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Skip_ListedWithAnotherReason_Fails() =>
        Assert.Equal(1, Check("A.B: no Envoy\n", "SKIPPED A.B: no etcd\n").ExitCode);

    [Fact]
    public void List_EntryWithoutReason_FailsWithItsLine()
    {
        var ended = Check("# why\nA.B\n", "");
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains(":2: A.B: no reason", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Skips_FileMissing_Fails() =>
        Assert.Equal(1, Run(_folder.File("allowed", ""), Path.Combine(_folder.Path, "absent")).ExitCode);

    private Command.Ended Check(string allowed, string skipped) =>
        Run(_folder.File("allowed", allowed), _folder.File("skipped", skipped));

    private static Command.Ended Run(string allowed, string skipped) =>
        Command.Run("python3", [RepositoryRoot.Absolute("eng/check-skips.py"), allowed, skipped]);
}
