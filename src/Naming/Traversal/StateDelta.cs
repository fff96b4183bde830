using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// What answers change of a verifier's state all the time, as bytes: floors of leaves, positions of seals, and the time
/// floor. Everything else (chains, pins, domains, misuse) is rare, and is written as a whole (<see cref="StateFile"/>).
/// Pure, thread-safe.
/// </summary>
public static class StateDelta
{
    /// <summary>The bytes that lead from one state to another.</summary>
    /// <param name="before">What is written already.</param>
    /// <param name="after">What it became.</param>
    /// <returns>Null where a delta does not say it all; empty where nothing that is kept differs.</returns>
    public static byte[]? Between(VerifierState before, VerifierState after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        if (before.Home != after.Home || !ReferenceEquals(before.Pins, after.Pins)
            || !ReferenceEquals(before.Domains, after.Domains) || before.Segments.Count != after.Segments.Count)
        {
            return null;
        }

        var changed = new List<(SegmentState Before, SegmentState After)>();
        foreach (var (genesis, segment) in after.Segments)
        {
            if (before.Segments.GetValueOrDefault(genesis) is not { } held || !IsSameChain(held, segment))
            {
                return null;
            }

            if (held.Seal != segment.Seal || !ReferenceEquals(held.Floors, segment.Floors))
            {
                changed.Add((held, segment));
            }
        }

        return changed.Count == 0 && before.TimeFloor == after.TimeFloor ? [] : Write(changed, after.TimeFloor);
    }

    /// <summary>The state that a delta leads to.</summary>
    /// <param name="state">The state that it starts from.</param>
    /// <param name="bytes">What <see cref="Between"/> wrote.</param>
    /// <param name="next">The state.</param>
    /// <param name="error">What is wrong, for the operator.</param>
    public static bool TryApply(
        VerifierState state,
        ReadOnlyMemory<byte> bytes,
        [NotNullWhen(true)] out VerifierState? next,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(state);
        (next, error) = (null, null);
        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8 });
            var segments = state.Segments;
            foreach (var item in json.RootElement.GetProperty("segments").EnumerateArray())
            {
                var held = segments[Digest.Parse(item.Text("genesis"))];
                segments = segments.SetItem(held.Genesis, Applied(held, item));
            }

            next = state with
            {
                Segments = segments, TimeFloor = json.RootElement.GetProperty("time_floor").GetInt64(),
            };
            return true;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException
            or KeyNotFoundException or ArgumentException or OverflowException)
        {
            error = $"no change of this state: {fault.Message}";
            return false;
        }
    }

    private static bool IsSameChain(SegmentState before, SegmentState after) =>
        before.First == after.First && before.NewestNumber == after.NewestNumber
        && before.Newest.Digest == after.Newest.Digest
        && before.Epochs.SequenceEqual(after.Epochs)
        && ReferenceEquals(before.Vote, after.Vote)
        && ReferenceEquals(before.Misuse, after.Misuse);

    private static byte[] Write(List<(SegmentState Before, SegmentState After)> changed, long timeFloor)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("segments");
            foreach (var (before, after) in changed)
            {
                json.WriteStartObject();
                StateFile.Floors(json, after.Floors.Where(
                    floor => before.Floors.GetValueOrDefault(floor.Key) != floor.Value));
                json.WriteString("genesis", after.Genesis.ToString());
                Gone(json, before, after);
                StateFile.Seal(json, after);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("time_floor", timeFloor);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Gone(Utf8JsonWriter json, SegmentState before, SegmentState after)
    {
        json.WriteStartArray("gone");
        foreach (var name in before.Floors.Keys.Where(name => !after.Floors.ContainsKey(name)))
        {
            json.WriteStartObject();
            json.WriteNumber("class", (int)name.Class);
            json.WriteString("name", name.Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static SegmentState Applied(SegmentState held, JsonElement item)
    {
        var floors = held.Floors.ToBuilder();
        foreach (var gone in item.GetProperty("gone").EnumerateArray())
        {
            floors.Remove(StateFile.NameOf(gone));
        }

        foreach (var floor in item.GetProperty("floors").EnumerateArray())
        {
            floors[StateFile.NameOf(floor)] = StateFile.Floor(floor);
        }

        return held with { Floors = floors.ToImmutable(), Seal = StateFile.Seal(item) };
    }
}
