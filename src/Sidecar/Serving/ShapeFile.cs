using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Naming;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Which ports each import had when it was last known, and so of the names that clients used last without their being
/// imports, kept over a restart: the names of clusters that clients may hold since before it. It says of endpoints at
/// the most which they were, by a hash, and nothing is served by it alone. Thread-safe.
/// </summary>
internal sealed class ShapeFile : IAsyncDisposable
{
    private const int BytesMax = 4 * 1_048_576;

    // Of a name among others: two quotes, a colon, a comma.
    private const int Punctuation = 4;

    // Each is a cluster or two in an Envoy that asks for the collection, of about 130 kB.
    private const int UsedMax = 100;

    // While a pod's names come up each one is news, and the file is written as a whole.
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly DurableFile _file;
    private readonly SortedDictionary<string, Shape> _shapes = new(StringComparer.Ordinal);
    private IReadOnlySet<string> _imports;
    private readonly Action<string> _failed;
    private readonly List<string> _used = [];
    private readonly TimeProvider? _time;
    private readonly CancellationTokenSource _ending = new();
    private Task _saving = Task.CompletedTask;
    private long? _saved;
    private bool _isDirty;

    /// <summary>Loads what is there.</summary>
    /// <param name="path">The file; it need not exist.</param>
    /// <param name="imports">The names to remember; of others as many as were used last.</param>
    /// <param name="failed">Hears why the file is not used or not written: nothing depends on it but a restart without
    /// its home.</param>
    /// <param name="time">Keeps writes <see cref="Apart"/>; null for one after the other.</param>
    internal ShapeFile(
        string path, IReadOnlySet<string> imports, Action<string> failed, TimeProvider? time = null)
    {
        _time = time;
        _file = new DurableFile(path, BytesMax);
        _imports = imports;
        _failed = failed;
        try
        {
            if (_file.Load() is { } bytes)
            {
                Read(bytes);
            }
        }
        catch (Exception e) when (e is StateException or JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException)
        {
            _shapes.Clear();
            _used.Clear();
            failed($"{path} is not used: {e.Message}");
        }
    }

    /// <summary>The names that were used without being imports, the one used last at the end.</summary>
    internal IReadOnlyList<string> Used
    {
        get
        {
            lock (_gate)
            {
                return [.. _used];
            }
        }
    }

    /// <summary>What is known of a name before anything is verified: its ports, none where none are known, and who its
    /// endpoints were.</summary>
    /// <param name="name">The name.</param>
    /// <param name="clients">What clients have for mutual TLS.</param>
    internal ServedName Pending(string name, ClientTls clients)
    {
        lock (_gate)
        {
            var shape = _shapes.GetValueOrDefault(name, new Shape([], false, null, null, null));
            return ServedName.Without(name, Reasons.Pending, shape.Ports) with
            {
                WasGuarded = shape.IsGuarded,
                StreamMax = shape.StreamMax,
                Mark = shape.Mark,
                Tls = shape.Tls is { } tls ? tls with { Clients = clients }
                    : shape.IsGuarded ? ShapePeers.Unknown(name, clients) : null,
            };
        }
    }

    /// <summary>These names are the imports from now on; what is known of others that nobody used is dropped.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        lock (_gate)
        {
            _imports = imports;
            _used.RemoveAll(imports.Contains);
            var gone = _shapes.Keys.Where(name => !imports.Contains(name) && !_used.Contains(name)).ToList();
            gone.ForEach(name => _shapes.Remove(name));
            if (gone.Count > 0)
            {
                SaveSoon();
            }
        }
    }

    /// <summary>A name is used again. The order alone is not worth a write: it goes with the next.</summary>
    internal void Use(string name)
    {
        lock (_gate)
        {
            if (_used.Remove(name))
            {
                _used.Add(name);
            }
        }
    }

    /// <summary>Notes what a name looks like; one without ports tells nothing new.</summary>
    /// <returns>Whether other names are the used ones now.</returns>
    internal bool Remember(ServedName name)
    {
        lock (_gate)
        {
            var known = _shapes.GetValueOrDefault(name.Name);
            var isGuarded = name.Reason is null ? ShapePeers.AreIn(name) : known?.IsGuarded == true;
            var streamMax = name.Reason is null ? name.StreamMax : known?.StreamMax;
            var tls = name.Reason is null ? ShapePeers.Of(name) : known?.Tls;
            if (name.Ports.IsEmpty || (known?.IsGuarded == isGuarded && known.StreamMax == streamMax
                && ShapePeers.AreSame(known.Tls, tls) && known.Ports.SequenceEqual(name.Ports)))
            {
                return false;
            }

            var isJoining = known is null && !_imports.Contains(name.Name);
            if (isJoining)
            {
                _used.Add(name.Name);
                if (_used.Count > UsedMax)
                {
                    _shapes.Remove(_used[0]);
                    _used.RemoveAt(0);
                }
            }

            _shapes[name.Name] = new Shape(name.Ports, isGuarded, streamMax, tls, known?.Mark);
            SaveSoon();
            return isJoining;
        }
    }

    /// <summary>Notes what tells what the ports of TCP of a name are told, of one that is remembered.</summary>
    internal void Mark(string name, string? mark)
    {
        lock (_gate)
        {
            if (_shapes.TryGetValue(name, out var shape) && shape.Mark != mark)
            {
                _shapes[name] = shape with { Mark = mark };
                SaveSoon();
            }
        }
    }

    /// <summary>Returns when what was noted is on the disk, or cannot be.</summary>
    public async ValueTask DisposeAsync()
    {
        Task saving;
        lock (_gate)
        {
            saving = _saving;
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await saving.ConfigureAwait(false);
    }

    private void SaveSoon()
    {
        if (!_isDirty)
        {
            _isDirty = true;
            _saving = SaveAfterAsync(_saving);
        }
    }

    private async Task SaveAfterAsync(Task before)
    {
        await before.ConfigureAwait(
            ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        if (_time is not null && _saved is { } saved && Apart - _time.GetElapsedTime(saved) is var left
            && left > TimeSpan.Zero)
        {
            await Task.Delay(left, _time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Save();
        _saved = _time?.GetTimestamp();
    }

    // Off the caller's task; what is noted while the disk is busy goes into the next write together.
    private void Save()
    {
        byte[] bytes;
        lock (_gate)
        {
            _isDirty = false;
            bytes = Write();
        }

        try
        {
            _file.Save(bytes);
        }
        catch (StateException e)
        {
            _failed(e.Message);
        }
    }

    private void Read(byte[] bytes)
    {
        using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8 });
        foreach (var name in json.RootElement.EnumerateObject())
        {
            var isUsed = !_imports.Contains(name.Name);
            if (!isUsed || _used.Count < UsedMax)
            {
                if (isUsed && !_used.Contains(name.Name))
                {
                    _used.Add(name.Name);
                }

                var ports = name.Value.EnumerateArray().ToList();
                _shapes[name.Name] = new Shape(
                    [
                        .. ports.Select(port => new ServedPort(
                            port.TryGetProperty("name", out var label) ? label.GetString() : null,
                            port.GetProperty("number").GetUInt16(),
                            port.GetProperty("protocol").GetString()!)),
                    ],
                    ports.Any(port => port.TryGetProperty("tls", out var tls) && tls.GetBoolean()),
                    ports.Select(StreamMaxOf).FirstOrDefault(),
                    ports.Select(ShapePeers.Read).FirstOrDefault(),
                    ports.Select(port => port.TryGetProperty("told", out var told) ? told.GetString() : null)
                        .FirstOrDefault());
            }
        }
    }

    private byte[] Write()
    {
        var written = _shapes.ToDictionary(one => one.Key, one => Write(one.Value), StringComparer.Ordinal);
        var room = BytesMax - 2L;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();

            // Where there is no room for all, the largest stay out: what one segment publishes is to cost no other its
            // own.
            var kept = written.OrderBy(one => one.Value.Length).ThenBy(one => one.Key, StringComparer.Ordinal)
                .TakeWhile(one => (room -= one.Key.Length + one.Value.Length + Punctuation) >= 0)
                .Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
            foreach (var name in _shapes.Keys.Where(kept.Contains).OrderBy(_used.IndexOf))
            {
                json.WritePropertyName(name);
                json.WriteRawValue(written[name], skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Write(Shape shape)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var port in shape.Ports)
            {
                json.WriteStartObject();
                if (port.Name is { } label)
                {
                    json.WriteString("name", label);
                }

                json.WriteNumber("number", port.Number);
                json.WriteString("protocol", port.Protocol);
                if (shape.IsGuarded)
                {
                    json.WriteBoolean("tls", true);
                }

                if (shape.StreamMax is { } streamMax)
                {
                    json.WriteNumber("stream_max_ms", (long)streamMax.TotalMilliseconds);
                }

                if (shape.Mark is { } mark && port == shape.Ports[0])
                {
                    json.WriteString("told", mark);
                }

                if (shape.Tls is { } tls && port == shape.Ports[0])
                {
                    ShapePeers.Write(json, tls);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static TimeSpan? StreamMaxOf(JsonElement port) =>
        port.TryGetProperty("stream_max_ms", out var ms) && ms.TryGetInt64(out var value)
            && value is > 0 and <= Limits.TtlMax
            ? TimeSpan.FromMilliseconds(value)
            : null;

    // What a name looked like, whether its endpoints had identities and which, how long streams to it may be, and what
    // tells what its ports of TCP were told.
    private sealed record Shape(
        ImmutableArray<ServedPort> Ports, bool IsGuarded, TimeSpan? StreamMax, ServedTls? Tls, string? Mark);
}
