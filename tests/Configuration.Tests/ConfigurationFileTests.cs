using System.Text;
using Fairlead.Configuration.Yaml;
using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class ConfigurationFileTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_File_IsReadAndPathsStartAtItsFolder()
    {
        var path = Write("key: k.pem\n");
        var file = ConfigurationFile.Load(path, NoVariables);
        Assert.Equal(Path.Combine(_folder, "k.pem"), file.Root.FilePath("key"));
        file.ThrowIfInvalid();
    }

    [Fact]
    public void Load_AbsentFile_IsOneError()
    {
        var file = ConfigurationFile.Load(Path.Combine(_folder, "absent.yaml"), NoVariables);
        file.Root.Text("id");
        file.Root.Section("xds").Endpoint("address");
        var error = Assert.Single(Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Errors);
        Assert.Equal(ConfigurationErrorKind.Unreadable, error.Kind);
    }

    [Fact]
    public void Load_Folder_IsUnreadable() =>
        Assert.Equal(
            ConfigurationErrorKind.Unreadable,
            Assert.Single(ConfigurationFile.Load(_folder, NoVariables).Errors.All).Kind);

    [Fact]
    public void Load_FileWithoutEnd_IsUnreadable() =>
        Assert.Equal(
            "/dev/zero: cannot be read: it is a device, not a regular file; check the path and its permissions",
            Assert.Single(ConfigurationFile.Load("/dev/zero", NoVariables).Errors.All).ToString());

    [Fact]
    public void Load_FileOverTheLimit_IsRefusedAndOneAtItIsRead()
    {
        var limits = new YamlLimits { BytesMax = 200_000 };
        var text = "a: 1 #" + new string('x', 200_000 - 7) + "\n";
        Assert.True(ConfigurationFile.Load(Write(text), NoVariables, limits).Errors.IsEmpty);
        Assert.False(ConfigurationFile.Load(Write(text + "\n"), NoVariables, limits).Errors.IsEmpty);
    }

    [Theory]
    [InlineData("- a\n", "f.yaml:1: a list at the top; write `key: value` lines")]
    [InlineData("a: 1\n---\nb: 1\n", "f.yaml:3: a second document; keep one document in the file")]
    public void Parse_OtherThanOneMapping_IsAnError(string yaml, string expected) =>
        Assert.Equal(expected, Assert.Single(Parse(yaml).Errors.All).ToString());

    [Fact]
    public void Parse_BrokenText_ReportsOnlyThat()
    {
        var file = Parse("a: [\n");
        file.Root.Text("id");
        Assert.Equal(
            ConfigurationErrorKind.Syntax,
            Assert.Single(Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Errors).Kind);
    }

    [Fact]
    public void Parse_ManyErrors_KeepsABound()
    {
        var file = Parse(string.Concat(Enumerable.Range(0, 500).Select(number => $"k{number}: 1\n")));
        Assert.Equal(
            ConfigurationErrors.CountMax, Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Errors.Count);
    }

    private static ConfigurationFile Parse(string yaml) =>
        ConfigurationFile.Parse("f.yaml", "/", Encoding.UTF8.GetBytes(yaml), NoVariables);

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "f.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
