using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// The verifier's state as bytes: one JSON object, a line feed, the SHA-256 of the object in hex, a line feed. Whoever
/// keeps it writes a new file, syncs, renames and syncs the folder, so that a reader sees the old state or the new one.
/// Pure, thread-safe.
/// </summary>
public static class StateFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    private const string Format = "fairlead-verifier-state/1";

    private const int Trailer = 2 + (2 * SHA256.HashSizeInBytes);

    /// <summary>The file's bytes.</summary>
    /// <param name="state">The state.</param>
    /// <param name="node">
    /// Who it belongs to, as a file copied to another node must not be taken for its own; 1-256 printable characters.
    /// </param>
    public static byte[] Write(VerifierState state, string node)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentException.ThrowIfNullOrEmpty(node);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            Domains(json, state);
            json.WriteString("format", Format);
            json.WriteString("home", state.Home.Genesis.ToString());
            json.WriteString("name", state.Home.Name.Text);
            json.WriteString("node", node);
            Pins(json, state);
            Segments(json, state);
            json.WriteNumber("time_floor", state.TimeFloor);
            json.WriteEndObject();
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
        return [.. buffer.WrittenSpan, (byte)'\n', .. Encoding.ASCII.GetBytes(hash), (byte)'\n'];
    }

    /// <summary>Reads a state; what it holds was verified when it was written, so form and hash are what is
    /// checked.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="home">The trust root as the deployer states it now; it must be that of the file.</param>
    /// <param name="node">Who reads; it must be who wrote.</param>
    /// <param name="state">The state.</param>
    /// <param name="error">What is wrong, for the operator.</param>
    /// <param name="pins">The names that the operator binds now; they win over those of the file.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes,
        HomePin home,
        string node,
        [NotNullWhen(true)] out VerifierState? state,
        [NotNullWhen(false)] out string? error,
        IEnumerable<KeyValuePair<SegmentName, Pin>>? pins = null)
    {
        ArgumentNullException.ThrowIfNull(home);
        state = null;
        error = Check(bytes.Span);
        if (error is not null)
        {
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(bytes[..^Trailer], new JsonDocumentOptions { MaxDepth = 8 });
            var root = json.RootElement;
            error = root.Text("format") != Format ? "not a verifier state of format 1"
                : root.Text("home") != home.Genesis.ToString() || root.Text("name") != home.Name.Text
                    ? "the state of another home"
                : root.Text("node") != node ? "the state of another node"
                : null;
            if (error is null)
            {
                state = State(root, VerifierState.Start(home, pins));
            }
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException
            or KeyNotFoundException or ArgumentException or OverflowException)
        {
            error = $"not a verifier state: {fault.Message}";
        }

        return state is not null;
    }

    private static string? Check(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is <= Trailer or > MaxBytes)
        {
            return $"{bytes.Length} bytes";
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes[..^Trailer]));
        Span<byte> trailer = stackalloc byte[Trailer];
        trailer[0] = trailer[^1] = (byte)'\n';
        Encoding.ASCII.GetBytes(hash, trailer[1..]);
        return bytes[^Trailer..].SequenceEqual(trailer) ? null : "torn or changed: its hash does not match";
    }

    private static void Domains(Utf8JsonWriter json, VerifierState state)
    {
        json.WriteStartObject("domains");
        foreach (var (domain, genesis) in state.Domains)
        {
            json.WriteString(domain, genesis.ToString());
        }

        json.WriteEndObject();
    }

    private static void Pins(Utf8JsonWriter json, VerifierState state)
    {
        json.WriteStartArray("pins");
        foreach (var (name, pin) in state.Pins)
        {
            // What the operator wrote comes from the bootstrap file at every start; only what was learned is kept.
            if (pin.Source is { } source)
            {
                json.WriteStartObject();
                json.WriteString("genesis", pin.Genesis.ToString());
                json.WriteString("name", name.Text);
                json.WriteString("source", source.ToString());
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static void Segments(Utf8JsonWriter json, VerifierState state)
    {
        json.WriteStartArray("segments");
        foreach (var segment in state.Segments.Values.OrderBy(segment => segment.Genesis))
        {
            json.WriteStartObject();
            json.WriteStartArray("chain");
            foreach (var digest in segment.Chain)
            {
                json.WriteStringValue(digest.ToString());
            }

            json.WriteEndArray();
            json.WriteStartArray("documents");
            foreach (var epoch in segment.Epochs)
            {
                json.WriteBase64StringValue(epoch.Payload.Span);
            }

            json.WriteEndArray();
            json.WriteNumber("first", segment.First);
            Floors(json, segment.Floors);
            json.WriteString("genesis", segment.Genesis.ToString());
            MisuseOf(json, segment.Misuse);
            json.WriteNumber("scoped", segment.Scoped);
            Seal(json, segment);
            if (segment.Vote is { } vote)
            {
                json.WriteStartObject("vote");
                EvidenceFile.Write(json, "commit", vote);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void MisuseOf(Utf8JsonWriter json, Misuse misuse)
    {
        if (misuse.Epoch < 0)
        {
            return;
        }

        json.WriteStartObject("misuse");
        json.WriteNumber("epoch", misuse.Epoch);
        EvidenceFile.Write(json, misuse.Evidence);
        json.WriteStartArray("excluded");
        foreach (var anchor in misuse.Excluded)
        {
            json.WriteStringValue(anchor);
        }

        json.WriteEndArray();
        json.WriteBoolean("quarantined", misuse.IsQuarantined);
        json.WriteEndObject();
    }

    internal static void Seal(Utf8JsonWriter json, SegmentState segment)
    {
        if (segment.Seal is { } seal)
        {
            json.WriteStartObject("seal");
            json.WriteString("digest", seal.Digest.ToString());
            json.WriteNumber("epoch", seal.Epoch);
            json.WriteNumber("seq", seal.Seq);
            json.WriteEndObject();
        }
    }

    internal static void Floors(Utf8JsonWriter json, IEnumerable<KeyValuePair<LeafName, LeafFloor>> floors)
    {
        json.WriteStartArray("floors");
        foreach (var (name, floor) in floors)
        {
            json.WriteStartObject();
            json.WriteNumber("class", (int)name.Class);
            json.WriteString("digest", floor.Digest.ToString());
            json.WriteNumber("expires", floor.Expires);
            json.WriteString("name", name.Name);
            if (floor.Uid is { } uid)
            {
                json.WriteString("uid", uid.ToString());
            }

            json.WriteNumber("version", floor.Version);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static VerifierState State(JsonElement root, VerifierState start)
    {
        var pins = start.Pins.ToBuilder();
        foreach (var item in root.GetProperty("pins").EnumerateArray())
        {
            var name = SegmentName.Parse(item.Text("name"));
            if (!pins.ContainsKey(name))
            {
                pins[name] = new Pin(Digest.Parse(item.Text("genesis")), Digest.Parse(item.Text("source")));
            }
        }

        var segments = ImmutableDictionary.CreateBuilder<Digest, SegmentState>();
        foreach (var item in root.GetProperty("segments").EnumerateArray())
        {
            var segment = Segment(item);
            segments.Add(segment.Genesis, segment);
        }

        return start with
        {
            Domains = Domains(root),
            Pins = pins.ToImmutable(),
            Segments = segments.ToImmutable(),
            TimeFloor = root.GetProperty("time_floor").GetInt64(),
        };
    }

    // Files of before V54 have none.
    private static ImmutableSortedDictionary<string, Digest> Domains(JsonElement root)
    {
        var domains = ImmutableSortedDictionary.CreateBuilder<string, Digest>(StringComparer.Ordinal);
        if (root.TryGetProperty("domains", out var bindings))
        {
            foreach (var binding in bindings.EnumerateObject())
            {
                domains.Add(binding.Name, Digest.Parse(binding.Value.GetString()!));
            }
        }

        return domains.ToImmutable();
    }

    private static SegmentState Segment(JsonElement item)
    {
        var chain = item.GetProperty("chain").EnumerateArray().Select(digest => Digest.Parse(digest.GetString()!));
        var epochs = item.GetProperty("documents").EnumerateArray().Select(Epoch);
        var segment = new SegmentState(
            Digest.Parse(item.Text("genesis")), item.GetProperty("first").GetInt64(), [.. chain], [.. epochs]);
        foreach (var epoch in segment.Epochs)
        {
            if (segment.DigestOf(epoch.Value.Number) != epoch.Digest)
            {
                throw new FormatException($"epoch {epoch.Value.Number} is not in its chain");
            }
        }

        if (segment.Chain.IsEmpty || segment.Epochs.IsEmpty || segment.Newest.Value.Number != segment.NewestNumber)
        {
            throw new FormatException("a chain without its newest epoch");
        }

        var floors = ImmutableSortedDictionary.CreateBuilder<LeafName, LeafFloor>();
        foreach (var floor in item.GetProperty("floors").EnumerateArray())
        {
            floors.Add(NameOf(floor), Floor(floor));
        }

        return segment with
        {
            Floors = floors.ToImmutable(),
            Scoped = Scoped(item, segment.NewestNumber),
            Seal = Seal(item),
            Vote = Vote(item),
            Misuse = MisuseIn(item),
        };
    }

    // Files of before V38 have none.
    private static Misuse MisuseIn(JsonElement item) => item.TryGetProperty("misuse", out var misuse)
        ? new Misuse(
            misuse.GetProperty("epoch").GetInt64(),
            misuse.GetProperty("quarantined").GetBoolean(),
            Misuse.None.Excluded.Union(
                misuse.GetProperty("excluded").EnumerateArray().Select(anchor => anchor.GetString()!)))
        {
            Evidence = EvidenceFile.Read(misuse, Digest.Parse(item.Text("genesis"))),
        }
        : Misuse.None;

    internal static LeafName NameOf(JsonElement item) =>
        new((LeafClass)item.GetProperty("class").GetInt32(), item.Text("name"));

    internal static LeafFloor Floor(JsonElement item) => new(
        item.GetProperty("version").GetInt64(),
        Digest.Parse(item.Text("digest")),
        item.TryGetProperty("uid", out var uid) ? Hex16.Parse(uid.GetString()!) : null,
        item.GetProperty("expires").GetInt64());

    internal static SealPosition? Seal(JsonElement item) => item.TryGetProperty("seal", out var seal)
        ? new SealPosition(
            seal.GetProperty("epoch").GetInt64(), seal.GetProperty("seq").GetInt64(), Digest.Parse(seal.Text("digest")))
        : null;

    // Files of before had none: then any epoch may have been one.
    private static long Scoped(JsonElement item, long newest) =>
        item.TryGetProperty("scoped", out var scoped) ? scoped.GetInt64() : newest;

    // Files of before had none: then a second epoch of that number is refused, and nobody is told.
    private static Envelope? Vote(JsonElement item) =>
        item.TryGetProperty("vote", out var vote) ? EvidenceFile.Read(vote, "commit") : null;

    private static Parsed<Epoch> Epoch(JsonElement item) =>
        Document.TryParse<Epoch>(item.GetBytesFromBase64(), out var epoch, out var refusal)
            ? epoch
            : throw new FormatException(refusal.ToString());
}
