using Fairlead.Cli.Demo;
using Fairlead.Cli.Tests.Commands;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

/// <summary>Which programs a demo starts.</summary>
public sealed class ProgramsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Start_SidecarThatWasPublished_IsStartedInsteadOfTheBuilds()
    {
        var published = _folder.Write("sidecar", "");
        var programs = new Programs(_folder["bin"], "release", published);
        var start = programs.Start("Sidecar", "--config", "c.yaml");
        Assert.Equal(published, start.FileName);
        Assert.Equal(["--config", "c.yaml"], start.ArgumentList);
        Assert.Contains("Anchor is not built", Assert.Throws<CliException>(() => programs.Start("Anchor")).Message);
    }

    [Fact]
    public void Start_SidecarThatIsNotThere_IsRefusedWithARemedy() =>
        Assert.Contains(
            "make publish-sidecar",
            Assert.Throws<CliException>(
                () => new Programs(_folder["bin"], "release", _folder["none"]).Start("Sidecar")).Message);

    public void Dispose() => _folder.Dispose();
}
