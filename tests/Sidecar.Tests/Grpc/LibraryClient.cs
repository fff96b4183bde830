using System.Globalization;
using System.Text.Json;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>A program that calls <c>xds:///name</c> by a library's own xDS client. One caller at a time.</summary>
internal sealed class LibraryClient : IAsyncDisposable
{
    private const int Calls = 1_000_000;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly GrpcLibrary _library;
    private readonly Dictionary<string, string?> _environment;
    private readonly IReadOnlyDictionary<int, string> _backends;
    private readonly Dictionary<string, ChildProcess> _processes = new(StringComparer.Ordinal);

    private readonly bool _isSecure;

    private LibraryClient(
        GrpcLibrary library, Dictionary<string, string?> environment, IReadOnlyDictionary<int, string> backends,
        bool isSecure) =>
        (_library, _environment, _backends, _isSecure) = (library, environment, backends, isSecure);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A client of a server; skips the test where the library is not there.</summary>
    /// <param name="library">Which library.</param>
    /// <param name="socket">The server's unix socket.</param>
    /// <param name="folder">Where its bootstrap is written.</param>
    /// <param name="backends">Who is behind which port.</param>
    /// <param name="isAuthority">Whether the sidecar is an authority alone, and another server the client's own, which
    /// is not there.</param>
    /// <param name="isFederated">Whether it knows of authorities at all.</param>
    /// <param name="providers">The certificate providers of its bootstrap, for calls that are as secure as the sidecar
    /// says; null for calls in the clear.</param>
    internal static async Task<LibraryClient> StartAsync(
        GrpcLibrary library, string socket, string folder, IReadOnlyDictionary<int, string> backends,
        bool isAuthority = false, bool isFederated = true, IReadOnlyDictionary<string, object>? providers = null)
    {
        Assert.SkipWhen(
            library == GrpcLibrary.Core && PythonGrpc.Program is null,
            "no python3 with grpcio; install python3-grpcio or set PYTHON");
        Assert.SkipWhen(
            library == GrpcLibrary.Js && (PeerTools.Node is null || PeerTools.NodePackages is null),
            "no node, or no packages in tests/node: run `npm ci` there");
        Assert.SkipWhen(library == GrpcLibrary.Go && Go is null, "no grpc-go client: PEERS is not set");
        var file = Path.Combine(folder, $"bootstrap-{library}.json");
        await File.WriteAllTextAsync(file, Bootstrap(socket, isAuthority, providers), Cancellation);
        return new LibraryClient(
            library,
            new Dictionary<string, string?>
            {
                ["GRPC_XDS_BOOTSTRAP"] = file,
                // Older C cores know no authorities without it.
                ["GRPC_EXPERIMENTAL_XDS_FEDERATION"] = isFederated ? "true" : "false",
                // Between calls the C core looks at its sockets every 5 s only.
                ["GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"] = "20",
                ["XDS_CREDENTIALS"] = providers is null ? null : "true",
            },
            backends,
            isSecure: providers is not null);
    }

    /// <summary>What a call of a name comes to that begins now: <c>ok WHO</c>, or the status and its words.</summary>
    internal async Task<string> AskAsync(string name) => _library == GrpcLibrary.Go
        ? await NextOfAsync(name)
        : await (await ScriptAsync()).AskAsync(name, Bound, Cancellation);

    /// <summary>Waits until calls of a name come to this.</summary>
    internal Task<string> UntilAsync(string name, string answer) => Eventually.HoldsAsync(
        () => AskAsync(name), said => said.StartsWith(answer, StringComparison.Ordinal), Bound, Cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values)
        {
            await process.DisposeAsync();
        }
    }

    private static string? Go => Environment.GetEnvironmentVariable("PEERS") is { Length: > 0 } path ? path : null;

    private static object[] Server(string socket) =>
    [
        new
        {
            server_uri = "unix:" + socket,
            channel_creds = new[] { new { type = "insecure" } },
            server_features = new[] { "xds_v3" },
        },
    ];

    private static string Bootstrap(
        string socket, bool isAuthority, IReadOnlyDictionary<string, object>? providers) => JsonSerializer.Serialize(new
    {
        xds_servers = Server(isAuthority ? socket + ".none" : socket),
        authorities = new { fairlead = new { xds_servers = Server(socket) } },
        certificate_providers = providers ?? new Dictionary<string, object>(),
        node = new { id = "pod", cluster = "test", locality = new { region = "us1" } },
    });

    private async Task<ChildProcess> ScriptAsync()
    {
        if (_processes.TryGetValue("", out var running))
        {
            return running;
        }

        var (program, script) = _library == GrpcLibrary.Js
            ? (PeerTools.Node!, Path.Combine(PeerTools.NodePackages!, "xds-client.js"))
            : (PythonGrpc.Program!, Path.Combine(
                AppContext.BaseDirectory, "Grpc", _isSecure ? "grpc_tls_client.py" : "grpc_xds_client.py"));
        var process = _processes[""] = ChildProcess.Start(program, [script], _environment);
        Assert.Equal("ready", await process.ReadLineAsync(Bound, Cancellation));
        return process;
    }

    // It calls without being told to: what it said before, and the call that is under way, began earlier.
    private async Task<string> NextOfAsync(string name)
    {
        if (!_processes.TryGetValue(name, out var process))
        {
            process = _processes[name] = ChildProcess.Start(
                Go!,
                [
                    "grpc-call", "-count", Calls.ToString(CultureInfo.InvariantCulture), "-interval", "20ms",
                    "-timeout", "60s", name.StartsWith("xds:", StringComparison.Ordinal) ? name : "xds:///" + name,
                ],
                _environment);
            return Named(await process.ReadLineAsync(Bound, Cancellation));
        }

        process.Skip();
        await process.ReadLineAsync(Bound, Cancellation);
        return Named(await process.ReadLineAsync(Bound, Cancellation));
    }

    private string Named(string line)
    {
        const string error = "error: rpc error: code = ";
        return line.StartsWith(error, StringComparison.Ordinal)
            ? line[error.Length..].Replace("Unavailable desc = ", "UNAVAILABLE ", StringComparison.Ordinal)
            : int.TryParse(line.Split(':')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && _backends.TryGetValue(port, out var who) ? "ok " + who : line;
    }
}
