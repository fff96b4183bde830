using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Fairlead.Configuration.Yaml;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// The folder of a segment as its ceremony leaves it: <c>segment.json</c>, <c>peer.json</c>, <c>bootstrap.json</c>,
/// <c>publisher.pem</c> and a folder for each anchor.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class SegmentFolder(string path)
{
    private static readonly string[] Roles = ["gov", "seal", "tls"];

    /// <summary>The public file that anchors start from.</summary>
    internal string SegmentFile { get; } = Path.Combine(path, "segment.json");

    /// <summary>What a neighbour is handed.</summary>
    internal string PeerFile { get; } = Path.Combine(path, "peer.json");

    /// <summary>A consumer's trust root.</summary>
    internal string BootstrapFile { get; } = Path.Combine(path, "bootstrap.json");

    /// <summary>The publisher's key.</summary>
    internal string PublisherKey { get; } = Path.Combine(path, "publisher.pem");

    private string Anchors { get; } = Path.Combine(path, "anchors");

    /// <summary>Makes the folder, where nothing of a segment is yet.</summary>
    /// <exception cref="CliException">There is a segment.</exception>
    internal void Create()
    {
        foreach (var used in new[] { SegmentFile, PeerFile, BootstrapFile, PublisherKey, Anchors })
        {
            if (File.Exists(used) || Directory.Exists(used))
            {
                throw new CliException(
                    ExitCode.Usage, $"{used} exists already; a segment is made once: choose another --out");
            }
        }

        Directory.CreateDirectory(path);
    }

    /// <summary>Makes an anchor's folder and one of its keys.</summary>
    internal EcdsaSigner CreateKey(string anchor, string role)
    {
        Directory.CreateDirectory(Path.Combine(Anchors, anchor));
        return new EcdsaSigner(KeyFile.Create(KeyPath(anchor, role)));
    }

    /// <summary>The keys of a role that are here, of all anchors.</summary>
    /// <exception cref="KeyFileException">One of them cannot be used.</exception>
    internal ImmutableArray<EcdsaSigner> LoadKeys(Epoch epoch, string role) =>
        [.. epoch.Anchors.Select(anchor => KeyPath(anchor.Id, role)).Where(File.Exists).Select(KeyFile.LoadSigner)];

    /// <summary>Refuses a segment whose anchors have run: what they sealed, only they can hand over.</summary>
    /// <exception cref="CliException">An anchor has data.</exception>
    internal void CheckIdle(Epoch epoch)
    {
        foreach (var data in epoch.Anchors.Select(anchor => Path.Combine(Anchors, anchor.Id, "data")))
        {
            if (Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any())
            {
                throw new CliException(
                    ExitCode.Usage,
                    $"{data} is not empty: the anchors have run; this is for before they start: fairlead propose join, "
                    + "or peer, asks them");
            }
        }
    }

    /// <summary>
    /// Writes an anchor's configuration. Paths in it are relative to it, so that the folder can be moved.
    /// </summary>
    internal void WriteConfiguration(
        string anchor, IpEndpoint listen, IpEndpoint admin, IEnumerable<SubjectMapping> subjects, bool unsafeLoopback)
    {
        var entries = new List<(string Key, YamlNode Value)>
        {
            ("id", anchor),
            ("segment", "../../segment.json"),
            ("keys", YamlMapping.Of([.. Roles.Select(role => (role, (YamlNode)$"{role}.pem"))])),
            ("data", "data"),
            ("listen", listen.Text),
            ("admin", admin.Text),
            ("metrics", Beside(admin)),
        };
        var mapped = subjects.Select(subject => (YamlNode)YamlMapping.Of(
            ("key", subject.Key.Text),
            ("namespace", subject.Subject.Namespace),
            ("account", subject.Subject.Account))).ToList();
        if (mapped.Count > 0)
        {
            entries.Add(("subjects", new YamlSequence(mapped)));
        }

        if (unsafeLoopback)
        {
            entries.Add(("unsafe_allow_loopback_endpoints", true));
        }

        WriteNew(Path.Combine(Anchors, anchor, "anchor.yaml"), YamlWriter.Write(YamlMapping.Of([.. entries])));
    }

    // Several anchors may share a machine: each has its port for readiness and metrics as far from the admin port as
    // the defaults are apart.
    private static string Beside(IpEndpoint admin)
    {
        var endpoint = IPEndPoint.Parse(admin.Text);
        endpoint.Port = endpoint.Port is > 0 and <= IPEndPoint.MaxPort - 20 ? endpoint.Port + 20 : 0;
        return endpoint.ToString();
    }

    /// <summary>The anchors' ids: the segment's first label and a letter.</summary>
    internal static string AnchorId(SegmentName segment, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{segment.Label}-{(char)('a' + index)}");

    /// <summary>Writes a file where none is yet.</summary>
    internal static void WriteNew(string file, string text)
    {
        using var writer = new StreamWriter(
            file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write });
        writer.Write(text);
    }

    /// <summary>Puts a file in place of the one that is there.</summary>
    internal static void Replace(string file, byte[] content)
    {
        var temporary = file + ".tmp";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, file, overwrite: true);
    }

    private string KeyPath(string anchor, string role) => Path.Combine(Anchors, anchor, role + ".pem");
}
