using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>Our hand-written subset of Envoy's messages encodes what Envoy's own does.</summary>
public sealed class EnvoyProtosTests
{
    private const string Script = "tests/node/proto-facts.js";
    private const string Package = "tests/node/node_modules/@grpc/grpc-js-xds/package.json";

    [Fact]
    public void EveryMessageFieldEnumAndMethod_IsTheOfficialOne()
    {
        var ours = ProtoFacts.FilesOf("Fairlead.EnvoyApi");
        var official = OfficialFacts([.. ours.Select(file => file.Name)]);

        var wrong = ours.SelectMany(ProtoFacts.Of).Where(fact => !official.Contains(fact)).ToList();

        Assert.True(wrong.Count == 0, "not in the official protos:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public void Comparison_OfAWrongNumber_FindsIt()
    {
        var official = OfficialFacts(["envoy/config/core/v3/base.proto"]);

        Assert.Contains("field envoy.config.core.v3.Node id 1 string oneof=-", official);
        Assert.DoesNotContain("field envoy.config.core.v3.Node id 2 string oneof=-", official);
    }

    [Fact]
    public void EveryProtoFile_IsCompiledIntoTheAssembly()
    {
        const string Folder = "proto/third_party/envoy/";
        var written = RepositoryRoot.FilesUnder(Folder, ".proto").Select(file => file[Folder.Length..]);

        Assert.Equal(written, ProtoFacts.FilesOf("Fairlead.EnvoyApi").Select(file => file.Name));
    }

    [Theory]
    [InlineData("Fairlead.EnvoyApi")]
    [InlineData("Fairlead.Protocol")]
    [InlineData("Fairlead.Rpc")]
    public void EveryImport_IsUsed(string assembly)
    {
        var files = ProtoFacts.FilesOf(assembly);
        Assert.NotEmpty(files);

        var unused = from file in files
                     from import in file.Dependencies.Except(ProtoFacts.FilesUsedBy(file))
                     select $"{file.Name} imports {import.Name} and does not use it";

        Assert.Empty(unused);
    }

    private static HashSet<string> OfficialFacts(string[] files)
    {
        if (!File.Exists(RepositoryRoot.Absolute(Package)))
        {
            Assert.Skip($"{Package} is not there: run `npm ci` in tests/node (eng/install-test-tools.sh does)");
        }

        var ended = Command.Run("node", [Script, .. files]);
        Assert.True(ended.ExitCode == 0, ended.Error);
        return [.. ended.Output.Split('\n')];
    }
}
