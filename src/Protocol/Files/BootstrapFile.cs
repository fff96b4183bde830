using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Files;
using Fairlead.Naming;

namespace Fairlead.Protocol.Files;

/// <summary>
/// A consumer's only trust root: which segment is its home, where that is reached, and from which epoch on its chain is
/// trusted. Written by the deployer, never learned from an anchor. Immutable, thread-safe.
/// </summary>
/// <param name="Home">The home segment, with its full name.</param>
/// <param name="Endpoints">The home's anchors, 1 to 16; only where to knock first.</param>
/// <param name="Pins">Other segments that are known beforehand (V29).</param>
/// <param name="Subjects">Who the holders of development keys are: a consumer finds itself by its own key.</param>
/// <param name="UnsafeAllowLoopbackEndpoints">Development only: V53's loopback rule is off; shown in every
/// trace.</param>
public sealed partial record BootstrapFile(
    BootstrapFile.Segment Home,
    ImmutableArray<IpEndpoint> Endpoints,
    ImmutableArray<BootstrapFile.Segment> Pins,
    ImmutableArray<(PublicKey Key, Subject Subject)> Subjects,
    bool UnsafeAllowLoopbackEndpoints = false)
{
    private const int BytesMax = 64 * 1024;

    /// <summary>A segment that the deployer vouches for.</summary>
    /// <param name="Name">Its full name.</param>
    /// <param name="Genesis">Its identity.</param>
    /// <param name="Floor">The epoch that is trusted by its digest; null: the chain starts at the genesis.</param>
    public sealed record Segment(SegmentName Name, Digest Genesis, Floor? Floor);

    /// <summary>Who the holder of a key is; null where the file does not say.</summary>
    public Subject? SubjectOf(PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Subjects.FirstOrDefault(mapping => mapping.Key == key).Subject;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is missing, too large or not of this form; the message names
    /// it.</exception>
    public static BootstrapFile Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = RegularFile.Read(path, BytesMax);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var what = e is FileNotFoundException or DirectoryNotFoundException
                ? "it does not exist; the home segment's ceremony writes one as bootstrap.json"
                : e.Message;
            throw new InvalidDataException($"bootstrap file {path}: {what}", e);
        }

        if (bytes.Length > BytesMax)
        {
            throw new InvalidDataException($"bootstrap file {path}: more than {BytesMax} bytes");
        }

        try
        {
            return Decode(bytes);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new InvalidDataException($"bootstrap file {path}: {JsonFault.Of(e)}", e);
        }
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="JsonException">Not strict JSON of this shape.</exception>
    /// <exception cref="FormatException">A value that is none.</exception>
    public static BootstrapFile Decode(ReadOnlySpan<byte> bytes)
    {
        var form = JsonSerializer.Deserialize(bytes, BootstrapForms.Default.Form)
            ?? throw new JsonException("null is no bootstrap file");
        var home = form.Home;
        if (home.Endpoints.Length is 0 or > Limits.Anchors)
        {
            throw new FormatException(
                $"home.endpoints: {home.Endpoints.Length}, from 1 to {Limits.Anchors} are needed");
        }

        var pins = form.Pins ?? [];
        if (pins.Length > Limits.ListItems)
        {
            throw new FormatException($"pins: {pins.Length}, at most {Limits.ListItems}");
        }

        var subjects = form.Subjects ?? [];
        if (subjects.Length > Limits.ListItems)
        {
            throw new FormatException($"subjects: {subjects.Length}, at most {Limits.ListItems}");
        }

        return new BootstrapFile(
            SegmentOf("home", home.Name, home.Genesis, home.Floor),
            [.. home.Endpoints.Select((text, i) => EndpointOf($"home.endpoints[{i}]", text))],
            [.. pins.Select((pin, i) => SegmentOf($"pins[{i}]", pin.Name, pin.Genesis, pin.Floor))],
            [.. subjects.Select((subject, i) => MappingOf($"subjects[{i}]", subject))],
            form.UnsafeAllowLoopbackEndpoints ?? false);
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(
        new Form(
            new HomeForm(
                [.. Endpoints.Select(endpoint => endpoint.Text)],
                FormOf(Home.Floor)!,
                Home.Genesis.ToString(),
                Home.Name.Text),
            Pins.IsEmpty
                ? null
                : [.. Pins.Select(pin => new PinForm(pin.Genesis.ToString(), pin.Name.Text, FormOf(pin.Floor)))],
            Subjects.IsEmpty
                ? null
                : [.. Subjects.Select(
                    mapping => new SubjectForm(mapping.Subject.Account, mapping.Key.Text, mapping.Subject.Namespace))],
            UnsafeAllowLoopbackEndpoints ? true : null),
        BootstrapForms.Default.Form);

    private static (PublicKey Key, Subject Subject) MappingOf(string where, SubjectForm form) =>
        !PublicKey.TryParse(form.Key, out var key, out var refusal)
            ? throw new FormatException($"{where}.key: {refusal.Detail}")
        : form.Namespace.Length is 0 or > 253 ? throw new FormatException($"{where}.namespace: 1 to 253 characters")
        : form.Account.Length is 0 or > 253 ? throw new FormatException($"{where}.account: 1 to 253 characters")
        : (key, new Subject { Account = form.Account, Namespace = form.Namespace });

    private static Segment SegmentOf(string where, string name, string genesis, FloorForm? floor)
    {
        if (!SegmentName.TryParse(name, out var parsed, out var refusal))
        {
            throw new FormatException($"{where}.name: {refusal.Failure}: {refusal.Detail}");
        }

        if (floor is { Epoch: < 0 or > Limits.IntegerMax })
        {
            throw new FormatException($"{where}.floor.epoch: {floor.Epoch} is no epoch");
        }

        return new Segment(
            parsed,
            DigestOf($"{where}.genesis", genesis),
            floor is null ? null : new Floor(DigestOf($"{where}.floor.digest", floor.Digest), floor.Epoch));
    }

    private static Digest DigestOf(string where, string text) =>
        Digest.TryParse(text, out var digest)
            ? digest
            : throw new FormatException($"{where}: not 64 lower-case hexadecimal digits");

    private static IpEndpoint EndpointOf(string where, string text) =>
        IpEndpoint.TryParse(text, out var endpoint, out var refusal)
            ? endpoint
            : throw new FormatException($"{where}: {refusal.Detail}");

    private static FloorForm? FormOf(Floor? floor) =>
        floor is { } some ? new FloorForm(some.Digest.ToString(), some.Epoch) : null;

    private sealed record Form(
        HomeForm Home, PinForm[]? Pins = null, SubjectForm[]? Subjects = null,
        bool? UnsafeAllowLoopbackEndpoints = null);

    private sealed record HomeForm(string[] Endpoints, FloorForm Floor, string Genesis, string Name);

    private sealed record PinForm(string Genesis, string Name, FloorForm? Floor = null);

    private sealed record SubjectForm(string Account, string Key, string Namespace);

    private sealed record FloorForm(string Digest, long Epoch);

    // Written by the generator: a program reads this file before anything else, and reflection would cost it more than
    // all its other files together.
    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true)]
    [JsonSerializable(typeof(Form))]
    private sealed partial class BootstrapForms : JsonSerializerContext;
}
