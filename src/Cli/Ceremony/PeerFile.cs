using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Files;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>What the operator of a segment hands to a neighbour over a channel that both trust. Immutable.</summary>
/// <param name="Name">The segment's full name.</param>
/// <param name="Genesis">Its identity.</param>
/// <param name="Floor">Its newest epoch.</param>
/// <param name="Endpoints">Its anchors, 1 to 4.</param>
internal sealed partial record PeerFile(
    SegmentName Name, Digest Genesis, Floor Floor, ImmutableArray<IpEndpoint> Endpoints)
{
    private const int BytesMax = 16 * 1024;

    /// <summary>The file of a segment at an epoch.</summary>
    internal static PeerFile Of(SegmentName name, Digest genesis, Parsed<Epoch> newest) => new(
        name,
        genesis,
        new Floor(newest.Digest, newest.Value.Number),
        [
            .. newest.Value.Anchors
                .Select(anchor => anchor.Endpoints[0])
                .OrderBy(endpoint => endpoint.Text, StringComparer.Ordinal)
                .Take(Limits.Endpoints),
        ]);

    /// <summary>Reads a file.</summary>
    /// <exception cref="CliException">It is missing, too large or malformed.</exception>
    internal static PeerFile Read(string path)
    {
        try
        {
            var bytes = RegularFile.Read(path, BytesMax);
            return bytes.Length <= BytesMax
                ? From(JsonSerializer.Deserialize(bytes, PeerForms.Default.Form) ?? throw new JsonException("null"))
                : throw Bad(path, $"more than {BytesMax} bytes");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw Bad(path, JsonFault.Of(e));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Bad(path, e is FileNotFoundException or DirectoryNotFoundException ? "it does not exist" : e.Message);
        }
    }

    /// <summary>The file's bytes.</summary>
    internal byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(
        new Form(
            Name.Text,
            Genesis.ToString(),
            Floor.Epoch,
            Floor.Digest.ToString(),
            [.. Endpoints.Select(endpoint => endpoint.Text)]),
        PeerForms.Default.Form);

    private static PeerFile From(Form form)
    {
        if (form.Epoch is < 0 or > Limits.IntegerMax || form.Endpoints.Length is 0 or > Limits.Endpoints)
        {
            throw new FormatException("epoch or number of endpoints out of range");
        }

        if (!SegmentName.TryParse(form.Name, out var name, out var refusal))
        {
            throw new FormatException($"name: {refusal}");
        }

        return new PeerFile(
            name,
            Digest.Parse(form.Genesis),
            new Floor(Digest.Parse(form.Digest), form.Epoch),
            [.. form.Endpoints.Select(IpEndpoint.Parse).OrderBy(endpoint => endpoint.Text, StringComparer.Ordinal)]);
    }

    private static CliException Bad(string path, string what) =>
        new(ExitCode.Usage, $"{path}: {what}; give the peer.json that the other segment's ceremony wrote");

    private sealed record Form(string Name, string Genesis, long Epoch, string Digest, string[] Endpoints);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        WriteIndented = true)]
    [JsonSerializable(typeof(Form))]
    private sealed partial class PeerForms : JsonSerializerContext;
}
