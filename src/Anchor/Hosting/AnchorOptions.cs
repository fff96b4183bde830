using System.Net;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Store;
using Fairlead.Telemetry;

namespace Fairlead.Anchor.Hosting;

/// <summary>The configuration of one anchor. Immutable.</summary>
internal sealed record AnchorOptions
{
    /// <value>This anchor's id in the epoch.</value>
    internal required string Id { get; init; }

    /// <value>The file with the segment's epochs, as the ceremony wrote it.</value>
    internal required string SegmentFile { get; init; }

    /// <value>The PKCS#8 files of the keys, each of mode 0600.</value>
    internal required string GovKey { get; init; }

    /// <value>See <see cref="GovKey"/>.</value>
    internal required string SealKey { get; init; }

    /// <value>See <see cref="GovKey"/>.</value>
    internal required string TlsKey { get; init; }

    /// <value>The folder of journal and archive; made where it is missing.</value>
    internal required string Data { get; init; }

    /// <value>The operator's unix socket. Default <c>operator.sock</c> in <see cref="Data"/>.</value>
    internal string OperatorSocket => Socket ?? Path.Combine(Data, OperatorMethods.SocketName);

    /// <value>Another path for <see cref="OperatorSocket"/>; null for the default.</value>
    internal string? Socket { get; init; }

    /// <value>Where consumers, publishers and other anchors connect.</value>
    internal required IPEndPoint Listen { get; init; }

    /// <value>The admin port; loopback only. Default 127.0.0.1:16001.</value>
    internal required IPEndPoint Admin { get; init; }

    /// <value>The pods that prove themselves with a development key.</value>
    internal required IReadOnlyList<(PublicKey Key, Subject Subject)> Subjects { get; init; }

    /// <value>How pods prove themselves besides (V50). Default by nothing.</value>
    internal IdentityOptions Identities { get; init; } = IdentityOptions.None;

    /// <value>How often one asker may ask (V52).</value>
    internal RateOptions Rates { get; init; } = RateOptions.Default;

    /// <value>Development only: loopback addresses of other segments are relayed. Default false.</value>
    internal required bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <value>Where readiness and metrics are served; may be reachable from outside. Default port 16021 on every
    /// address.</value>
    internal required IPEndPoint Metrics { get; init; }

    /// <value>Where numbers and spans are sent; null for nowhere, as it is without the section
    /// <c>telemetry</c>.</value>
    internal TelemetryOptions? Telemetry { get; init; }

    /// <value>How the log is written, from the moment at which this is read. Default text.</value>
    internal LogFormat Log { get; init; }

    /// <value>Bytes of the journal from which on a new file is started at the next archived seal. Default 256
    /// MiB.</value>
    internal long JournalBytes { get; init; } = 256 * Mebibyte;

    /// <value>The store that the archive writes to, made of the one in the data folder; itself unless a test has it
    /// fail.</value>
    internal Func<IStore, IStore> ArchiveAs { get; init; } = static store => store;

    private const long Mebibyte = 1_048_576;

    /// <summary>Reads a configuration file and the variables laid over it.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message holds all of it.</exception>
    internal static AnchorOptions Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        var file = ConfigurationFile.Load(path, environment);
        var options = Read(file);
        file.ThrowIfInvalid();
        return options;
    }

    /// <summary>Reads the options; what is wrong is added to the file's errors, and stands in by its default.</summary>
    internal static AnchorOptions Read(ConfigurationFile file)
    {
        var root = file.Root;
        var keys = root.Section("keys");
        var options = new AnchorOptions
        {
            Id = root.Text("id"),
            SegmentFile = root.ExistingFile("segment"),
            GovKey = keys.FilePath("gov"),
            SealKey = keys.FilePath("seal"),
            TlsKey = keys.FilePath("tls"),
            Data = root.FilePath("data"),
            Socket = root.SocketPath("operator_socket", null),
            Listen = root.Endpoint("listen"),
            Admin = root.LoopbackEndpoint("admin", new IPEndPoint(IPAddress.Loopback, 16001)),
            Metrics = root.OpenEndpoint("metrics", 16021),
            JournalBytes = root.Integer("journal_mib", 1, 256, 256) * Mebibyte,
            Telemetry = TelemetryOptions.Read(root),
            Log = root.Section("log", isRequired: false).OneOf<LogFormat>("format", LogFormat.Text),
            Subjects = [.. root.Has("subjects") ? root.Sections("subjects").Select(Mapping) : []],
            Identities = IdentityOptions.Read(root),
            Rates = RateOptions.Read(root),
            UnsafeAllowLoopbackEndpoints = root.Flag("unsafe_allow_loopback_endpoints", false),
        };
        if (options.Socket is null && options.Data.Length > 0)
        {
            root.CheckSocket("operator_socket", options.OperatorSocket);
        }

        var keyed = options.Subjects.Where(one => one.Key is not null).ToList();
        if (keyed.DistinctBy(one => one.Key.Kid).Count() < keyed.Count)
        {
            root.Refuse("subjects", "names a key twice", "write one entry for each key: it is one pod's");
        }

        AddressClash.Refuse(
            root, [("", "listen", options.Listen), ("", "admin", options.Admin), ("", "metrics", options.Metrics)]);
        return options;
    }

    private static (PublicKey Key, Subject Subject) Mapping(ConfigurationSection section)
    {
        var text = section.Text("key");
        if (!PublicKey.TryParse(text, out var key, out var refusal))
        {
            section.Refuse("key", refusal.ToString(), "give the key text that fairlead key new prints: p256:04..");
        }

        return (key!, new Subject { Namespace = section.Text("namespace"), Account = section.Text("account") });
    }
}
