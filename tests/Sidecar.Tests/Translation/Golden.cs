using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.Xds;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>Resources as readable JSON, and comparison with a file; UPDATE_GOLDEN=1 writes it instead.</summary>
internal static class Golden
{
    private static readonly JsonSerializerOptions Options =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonFormatter Formatter =
        new(JsonFormatter.Settings.Default.WithTypeRegistry(TypeRegistry.FromFiles(Files())));

    internal static string Folder([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Cases");

    internal static JsonNode Show(Resource resource) => JsonNode.Parse(Formatter.Format(Read(resource)))!;

    /// <summary>The resource as a client gets it.</summary>
    internal static Any Read(Resource resource)
    {
        var input = new CodedInputStream(resource.Framed.ToArray());
        input.ReadTag();
        return Any.Parser.ParseFrom(input.ReadBytes());
    }

    internal static void Check(string file, JsonNode actual)
    {
        var text = actual.ToJsonString(Options) + "\n";
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, text);
        }

        Assert.True(File.Exists(file), $"{file} is missing; run with UPDATE_GOLDEN=1 and review it");
        Assert.Equal(File.ReadAllText(file), text);
    }

    private static FileDescriptor[] Files() =>
    [
        .. from type in typeof(Cluster).Assembly.GetTypes()
           where type.Name.EndsWith("Reflection", StringComparison.Ordinal)
           let property = type.GetProperty("Descriptor")
           where property is not null
           select (FileDescriptor)property.GetValue(null)!,
    ];
}
