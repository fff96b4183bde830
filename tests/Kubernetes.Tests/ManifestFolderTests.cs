using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Tests;

public sealed class ManifestFolderTests
{
    private readonly ManifestFolder _folder = new();

    [Fact]
    public void Update_BadFile_KeepsItsLastGoodAndTheOthers()
    {
        Update(("a.yaml", Reading.Service("a")), ("b.yaml", Reading.Service("b")));
        Update(("a.yaml", "kind: ["));
        Assert.Equal(["a", "b"], Names());
        Assert.Equal("a.yaml", Assert.Single(_folder.Problems).Location.File);
        Assert.True(_folder.IsComplete);

        Update(("b.yaml", Reading.Service("b2")));
        Assert.Equal(["a", "b2"], Names());
        Update(("a.yaml", Reading.Service("a2")));
        Assert.Equal(["a2", "b2"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_FileThatWasNeverGood_IsIncompleteUntilItIs()
    {
        Update(("a.yaml", Reading.Service("a")), ("b.yaml", "kind: ["));
        Assert.False(_folder.IsComplete);
        Assert.Equal(["a"], Names());
        Update(("b.yaml", null));
        Assert.True(_folder.IsComplete);
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_EmptiedFile_KeepsWhatItHeld()
    {
        Update(("a.yaml", Reading.Service("a")));
        Update(("a.yaml", ""));
        Assert.Equal(["a"], Names());
        Assert.Contains("empty", Assert.Single(_folder.Problems).Message, StringComparison.Ordinal);
        Update(("a.yaml", "# nothing any more\n"));
        Assert.Empty(Names());
        Update(("a.yaml", Reading.Service("a")));
        Update(("a.yaml", null));
        Assert.Empty(Names());
    }

    [Fact]
    public void Update_DuplicateAcrossFiles_RefusesTheNewcomer()
    {
        Update(("b.yaml", Reading.Service("x")));
        Update(("a.yaml", Reading.Service("x") + "\n---\n" + Reading.Service("y")));
        Assert.Equal(["x"], Names());
        Assert.Equal("a.yaml:1: duplicate Service shop/x, which already stands at b.yaml:1: remove one of them",
            Assert.Single(_folder.Problems).ToString());
        Update(("b.yaml", null));
        Assert.Equal(["x", "y"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_DuplicateAtStart_TakesTheFirstFile()
    {
        Update(("b.yaml", Reading.Service("x")), ("a.yaml", Reading.Service("x")), ("c.yaml", Reading.Service("c")));
        Assert.Equal(["x", "c"], Names());
        Assert.Equal("b.yaml", Assert.Single(_folder.Problems).Location.File);
        Assert.False(_folder.IsComplete);
    }

    [Fact]
    public void Update_ObjectsSwapFiles_AreTakenTogether()
    {
        Update(("a.yaml", Reading.Service("x")), ("b.yaml", Reading.Service("y")));
        Update(("a.yaml", Reading.Service("y")), ("b.yaml", Reading.Service("x")));
        Assert.Equal(["y", "x"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_ObjectMovesOneFileAtATime_SettlesWhenBothAreThere()
    {
        Update(("a.yaml", Reading.Service("x")), ("b.yaml", "# nothing yet\n"));
        Update(("b.yaml", Reading.Service("x")));
        Assert.Single(_folder.Problems);
        Update(("a.yaml", "# moved\n"));
        Assert.Empty(_folder.Problems);
        Assert.Equal("b.yaml", Assert.Single(_folder.Content.Services).Location.File);
    }

    [Fact]
    public void Unreadable_File_KeepsItsLastGood()
    {
        Update(("a.yaml", Reading.Service("a")));
        _folder.Unreadable("a.yaml", "permission denied");
        Assert.Equal(["a"], Names());
        Assert.Equal("a.yaml:1: cannot be read: permission denied", Assert.Single(_folder.Problems).ToString());
    }

    private IEnumerable<string> Names() => _folder.Content.Services.Select(service => service.Key.Name);

    private void Update(params (string File, string? Text)[] files) =>
        _folder.Update(files.Select(file => Reading.File(file.File, file.Text)));
}
