using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Which ports each import had when it was last known, kept over a restart: the names of clusters that clients may hold
/// since before it. It says nothing of endpoints, and nothing is served by it alone. Thread-safe.
/// </summary>
internal sealed class ShapeFile : IAsyncDisposable
{
    private const int BytesMax = 4 * 1_048_576;

    private readonly Lock _gate = new();
    private readonly DurableFile _file;
    private readonly SortedDictionary<string, ImmutableArray<ServedPort>> _ports = new(StringComparer.Ordinal);
    private IReadOnlySet<string> _imports;
    private readonly Action<string> _failed;
    private Task _saving = Task.CompletedTask;
    private bool _isDirty;

    /// <summary>Loads what is there.</summary>
    /// <param name="path">The file; it need not exist.</param>
    /// <param name="imports">The names to remember; others in the file are dropped.</param>
    /// <param name="failed">Hears why the file is not used or not written: nothing depends on it but a restart without
    /// its home.</param>
    internal ShapeFile(string path, IReadOnlySet<string> imports, Action<string> failed)
    {
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
            _ports.Clear();
            failed($"{path} is not used: {e.Message}");
        }
    }

    /// <summary>The ports of an import; empty where none are known.</summary>
    internal ImmutableArray<ServedPort> PortsOf(string name)
    {
        lock (_gate)
        {
            return _ports.TryGetValue(name, out var ports) ? ports : [];
        }
    }

    /// <summary>These are the names to remember from now on; what is known of others is dropped.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        lock (_gate)
        {
            _imports = imports;
            var gone = _ports.Keys.Where(name => !imports.Contains(name)).ToList();
            gone.ForEach(name => _ports.Remove(name));
            if (gone.Count > 0)
            {
                SaveSoon();
            }
        }
    }

    /// <summary>Notes the ports of an import; none means that nothing new is known.</summary>
    internal void Remember(string name, ImmutableArray<ServedPort> ports)
    {
        lock (_gate)
        {
            // Who tells of a name may not have heard yet that it is an import no more.
            if (ports.IsEmpty || !_imports.Contains(name)
                || (_ports.TryGetValue(name, out var known) && known.SequenceEqual(ports)))
            {
                return;
            }

            _ports[name] = ports;
            SaveSoon();
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

        await saving.ConfigureAwait(false);
    }

    private void SaveSoon()
    {
        if (!_isDirty)
        {
            _isDirty = true;
            _saving = _saving.ContinueWith(_ => Save(), TaskScheduler.Default);
        }
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
        using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 4 });
        foreach (var name in json.RootElement.EnumerateObject())
        {
            if (_imports.Contains(name.Name))
            {
                _ports[name.Name] =
                [
                    .. name.Value.EnumerateArray().Select(port => new ServedPort(
                        port.TryGetProperty("name", out var label) ? label.GetString() : null,
                        port.GetProperty("number").GetUInt16(),
                        port.GetProperty("protocol").GetString()!)),
                ];
            }
        }
    }

    private byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, ports) in _ports)
            {
                json.WriteStartArray(name);
                foreach (var port in ports)
                {
                    json.WriteStartObject();
                    if (port.Name is { } label)
                    {
                        json.WriteString("name", label);
                    }

                    json.WriteNumber("number", port.Number);
                    json.WriteString("protocol", port.Protocol);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
