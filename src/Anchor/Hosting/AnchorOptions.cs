using System.Net;
using Fairlead.Configuration;
using Fairlead.Naming;

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

    /// <value>Where consumers, publishers and other anchors connect.</value>
    internal required IPEndPoint Listen { get; init; }

    /// <value>The admin port; loopback only. Default 127.0.0.1:16001.</value>
    internal required IPEndPoint Admin { get; init; }

    /// <value>The pods that prove themselves with a development key.</value>
    internal required IReadOnlyList<(PublicKey Key, Subject Subject)> Subjects { get; init; }

    /// <value>Development only: loopback addresses of other segments are relayed. Default false.</value>
    internal required bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <summary>Reads a configuration file and the variables laid over it.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; the message holds all of it.</exception>
    internal static AnchorOptions Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        var file = ConfigurationFile.Load(path, environment);
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
            Listen = root.Endpoint("listen"),
            Admin = Loopback(root, "admin", 16001),
            Subjects = [.. root.Has("subjects") ? root.Sections("subjects").Select(Mapping) : []],
            UnsafeAllowLoopbackEndpoints = root.Flag("unsafe_allow_loopback_endpoints", false),
        };
        file.ThrowIfInvalid();
        return options;
    }

    private static IPEndPoint Loopback(ConfigurationSection root, string key, int port)
    {
        var address = root.Endpoint(key, new IPEndPoint(IPAddress.Loopback, port));
        if (!IPAddress.IsLoopback(address.Address))
        {
            root.Refuse(key, $"{address} is reachable from outside", "the admin port has no authentication: give a loopback address");
        }

        return address;
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
