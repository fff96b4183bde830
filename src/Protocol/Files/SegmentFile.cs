using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Files;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Protocol.Files;

/// <summary>
/// Everything public that the anchors of a segment start from: the certified epochs, the leaves that their manifests
/// name, and the handovers. Written by the ceremony; nothing in it is trusted because it stands here. Immutable,
/// thread-safe.
/// </summary>
/// <param name="Name">The segment's full name.</param>
/// <param name="Genesis">Its identity.</param>
/// <param name="Epochs">All epochs, from the genesis on.</param>
/// <param name="Manifests">The manifest's payload of each epoch; empty where an epoch has none.</param>
/// <param name="Leaves">For each epoch the op-made leaves that its manifest writes.</param>
/// <param name="Handovers">The certified handover of each epoch but the newest.</param>
public sealed partial record SegmentFile(
    SegmentName Name,
    Digest Genesis,
    ImmutableArray<EpochDocument> Epochs,
    ImmutableArray<ReadOnlyMemory<byte>> Manifests,
    ImmutableArray<ImmutableArray<(LeafClass Class, ReadOnlyMemory<byte> Payload)>> Leaves,
    ImmutableArray<Envelope> Handovers)
{
    /// <summary>The largest file that is read, in bytes; what an anchor keeps of a longer chain it keeps in
    /// several.</summary>
    public const int BytesMax = 64 * 1024 * 1024;

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is not of this form; the message names the file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SegmentFile Read(string path)
    {
        const string Remedy = "write one with: fairlead segment init";
        if (RegularFile.Trouble(path) is { } trouble)
        {
            throw new InvalidDataException($"segment file {path}: {trouble}; {Remedy}");
        }

        try
        {
            var bytes = RegularFile.Read(path, BytesMax);
            return bytes.Length <= BytesMax
                ? Parse(bytes)
                : throw new InvalidDataException($"too large; {Remedy}");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"segment file {path}: does not exist; {Remedy}", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"segment file {path}: {e.Message}", e);
        }
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="InvalidDataException">They are not of this form.</exception>
    public static SegmentFile Parse(ReadOnlySpan<byte> bytes) => Parse(bytes, isTail: false);

    /// <summary>Reads what <see cref="Tail"/> cut off.</summary>
    /// <exception cref="InvalidDataException">They are not of this form.</exception>
    public static SegmentFile ParseTail(ReadOnlySpan<byte> bytes) => Parse(bytes, isTail: true);

    /// <summary>The epochs from a number on, each with the handover that leads to it.</summary>
    /// <param name="first">At least 1.</param>
    public SegmentFile Tail(int first) => this with
    {
        Epochs = Epochs[first..],
        Manifests = Manifests[first..],
        Leaves = Leaves[first..],
        Handovers = Handovers[(first - 1)..],
    };

    /// <summary>This chain, and behind it what a tail holds of the same segment.</summary>
    public SegmentFile Append(SegmentFile tail)
    {
        ArgumentNullException.ThrowIfNull(tail);
        return this with
        {
            Epochs = Epochs.AddRange(tail.Epochs),
            Manifests = Manifests.AddRange(tail.Manifests),
            Leaves = Leaves.AddRange(tail.Leaves),
            Handovers = Handovers.AddRange(tail.Handovers),
        };
    }

    private static SegmentFile Parse(ReadOnlySpan<byte> bytes, bool isTail)
    {
        try
        {
            return From(
                JsonSerializer.Deserialize(bytes, SegmentForms.Default.Form) ?? throw new JsonException("null"),
                isTail);
        }
        catch (Exception e) when (e is JsonException or InvalidProtocolBufferException or FormatException)
        {
            throw new InvalidDataException(JsonFault.Of(e), e);
        }
    }

    /// <summary>Writes a file in place of the one that is there.</summary>
    public void Write(string path)
    {
        var temporary = path + ".tmp";
        File.WriteAllBytes(temporary, Encode());
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(
        new Form(
            Name.Text,
            Genesis.ToString(),
            [.. Epochs.Select(epoch => WireWriter.ToMessage(epoch).ToByteArray())],
            [.. Manifests.Select(manifest => manifest.ToArray())],
            [.. Leaves.Select(
                leaves => leaves.Select(leaf => new LeafForm((int)leaf.Class, leaf.Payload.ToArray())).ToArray())],
            [.. Handovers.Select(handover => WireWriter.ToMessage(handover).ToByteArray())]),
        SegmentForms.Default.Form);

    private static SegmentFile From(Form form, bool isTail)
    {
        if (!SegmentName.TryParse(form.Name, out var name, out _) || !Digest.TryParse(form.Genesis, out var genesis))
        {
            throw new FormatException("name or genesis is malformed");
        }

        if (!WireReader.TryRead(
            form.Epochs.Select(EpochDoc.Parser.ParseFrom).ToList(), out var epochs, out var refusal))
        {
            throw new FormatException(refusal.ToString());
        }

        if (form.Manifests.Length != epochs.Length
            || form.Leaves.Length != epochs.Length
            || form.Handovers.Length != epochs.Length - (isTail ? 0 : 1))
        {
            throw new FormatException("manifests, leaves and handovers do not go with the epochs");
        }

        return new SegmentFile(
            name,
            genesis,
            epochs,
            [.. form.Manifests.Select(manifest => new ReadOnlyMemory<byte>(manifest))],
            [.. form.Leaves.Select(
                leaves => leaves.Select(
                    leaf => ((LeafClass)leaf.Class, new ReadOnlyMemory<byte>(leaf.Payload))).ToImmutableArray())],
            [.. form.Handovers.Select(
                bytes => WireReader.TryRead(Signed.Parser.ParseFrom(bytes), out var handover, out var bad)
                ? handover
                : throw new FormatException(bad.ToString()))]);
    }

    private sealed record Form(
        string Name, string Genesis, byte[][] Epochs, byte[][] Manifests, LeafForm[][] Leaves, byte[][] Handovers);

    private sealed record LeafForm([property: JsonPropertyName("class")] int Class, byte[] Payload);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        WriteIndented = true)]
    [JsonSerializable(typeof(Form))]
    private sealed partial class SegmentForms : JsonSerializerContext;
}
