using Google.Protobuf;
using Google.Protobuf.Reflection;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>Our hand-written subset of Envoy's messages encodes what Envoy's own does.</summary>
public sealed class EnvoyProtosTests
{
    private const string Script = "tests/node/proto-facts.js";
    private const string Discovery = "envoy.service.discovery.v3";
    private const string Upstream = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
    private const string Package = "tests/node/node_modules/@grpc/grpc-js-xds/package.json";

    // What the package does not have yet, as github.com/envoyproxy/data-plane-api has it at 84e8436 (January 2026), in
    // the file of the message.
    private static readonly string[] Newer =
    [
        $"message {Discovery}.ResourceError",
        $"field {Discovery}.ResourceError resource_name 1 {Discovery}.ResourceName oneof=-",
        $"field {Discovery}.ResourceError error_detail 2 google.rpc.Status oneof=-",
        $"field {Discovery}.DiscoveryResponse resource_errors 7 repeated {Discovery}.ResourceError oneof=-",
        $"field {Discovery}.DeltaDiscoveryResponse resource_errors 9 repeated {Discovery}.ResourceError oneof=-",
        $"field {Upstream} auto_host_sni 6 bool oneof=-",
        $"field {Upstream} auto_sni_san_validation 7 bool oneof=-",
    ];

    [Fact]
    public void EveryMessageFieldEnumAndMethod_IsTheOfficialOne()
    {
        var files = ProtoFacts.FilesOf("Fairlead.EnvoyApi");
        var ours = files.SelectMany(ProtoFacts.Of).ToList();
        var official = OfficialFacts([.. files.Select(file => file.Name)]);

        var wrong = ours.Where(fact => !official.Contains(fact)).Except(Newer).ToList();

        Assert.True(wrong.Count == 0, "not in the official protos:\n" + string.Join('\n', wrong));
        Assert.Empty(Newer.Except(ours));
        Assert.DoesNotContain(Newer, official.Contains);
    }

    [Fact]
    public void Comparison_OfAWrongNumber_FindsIt()
    {
        var official = OfficialFacts(["envoy/config/core/v3/base.proto"]);

        Assert.Contains("field envoy.config.core.v3.Node id 1 string oneof=-", official);
        Assert.DoesNotContain("field envoy.config.core.v3.Node id 2 string oneof=-", official);
    }

    /// <summary>What a newer client or server writes is kept, at every depth.</summary>
    [Fact]
    public void UnknownField_OfEveryMessage_SurvivesARoundTrip()
    {
        var messages = ProtoFacts.FilesOf("Fairlead.EnvoyApi").SelectMany(file => file.MessageTypes)
            .SelectMany(ProtoFacts.WithNested).ToList();
        Assert.True(messages.Count > 100, $"{messages.Count} messages");
        foreach (var message in messages)
        {
            // Field 20,000 is nobody's: a number, a text, and one of four bytes.
            byte[] unknown = [0x80, 0xE2, 0x09, 0x07, 0x8A, 0xE2, 0x09, 0x02, 0x68, 0x69, 0x95, 0xE2, 0x09, 1, 2, 3, 4];
            Assert.Equal(unknown, message.Parser.ParseFrom(unknown).ToByteArray());
            foreach (var field in message.Fields.InDeclarationOrder().Where(IsMessage))
            {
                byte[] nested = [.. Tag(field.FieldNumber), (byte)unknown.Length, .. unknown];
                Assert.Equal(nested, message.Parser.ParseFrom(nested).ToByteArray());
            }
        }
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

    // A map is written with its key whether there is one or not.
    private static bool IsMessage(FieldDescriptor field) =>
        field.FieldType == FieldType.Message && !field.IsMap
        && field.MessageType.File.Package.StartsWith("envoy.", StringComparison.Ordinal);

    private static byte[] Tag(int field)
    {
        var tag = (uint)((field << 3) | 2);
        var bytes = new byte[CodedOutputStream.ComputeUInt32Size(tag)];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((tag & 0x7F) | (i < bytes.Length - 1 ? 0x80u : 0));
            tag >>= 7;
        }

        return bytes;
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
