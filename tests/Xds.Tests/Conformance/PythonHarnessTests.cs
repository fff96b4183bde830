using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Xds.Tests.Conformance;

/// <summary>A harness that is not ours, by python3-grpcio, against the conformance host.</summary>
public sealed class PythonHarnessTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task EveryCheck_IsPassed()
    {
        if (PythonGrpc.Program is not { } python)
        {
            Assert.Skip("no python3 with grpcio; install python3-grpcio or set PYTHON");
            return;
        }

        await using var host = await ConformanceHost.StartAsync();
        var script = Path.Combine(AppContext.BaseDirectory, "Conformance", "harness.py");
        await using var harness = ChildProcess.Start(python, [script, host.Address]);
        var said = new List<string?>();
        do
        {
            said.Add(await harness.ReadLineAsync(Bound, TestContext.Current.CancellationToken));
        }
        while (said[^1] is { } line && line.StartsWith("ok ", StringComparison.Ordinal));

        Assert.True(said[^1] == "done", $"{string.Join('\n', said)}\n{harness.Errors}");
        Assert.Equal(23, said.Count);
    }
}
