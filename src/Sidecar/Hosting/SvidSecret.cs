using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The file that tells an Envoy where its own certificate lies: a secret with references to files, which Envoy reads
/// anew whenever their folder changes. It lies beside the xDS socket, since that folder is what both share; nothing of
/// a key is in it. Stateless.
/// </summary>
internal static class SvidSecret
{
    private const string FileName = "envoy-svid.json";

    /// <summary>Where the file of these options lies; null where Envoy has no certificate.</summary>
    internal static string? PathOf(SidecarOptions options) => options.XdsSvid is null
        ? null
        : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.XdsSocket))!, FileName);

    /// <summary>Writes the file.</summary>
    /// <exception cref="StartException">It cannot be written.</exception>
    internal static void Write(SidecarOptions options)
    {
        if (options.XdsSvid is not { } files || PathOf(options) is not { } path)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var spare = path + ".tmp";
            File.WriteAllBytes(spare, Content(files));
            File.Move(spare, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(
                $"cannot write {path}: {e.Message}; let the sidecar write where xds.socket is, or leave xds.spiffe out",
                e);
        }
    }

    /// <summary>What the file says of a certificate.</summary>
    internal static byte[] Content(SpiffePaths files)
    {
        var secret = new JsonObject
        {
            ["@type"] = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
            ["name"] = WellKnown.Secret,
            ["tls_certificate"] = new JsonObject
            {
                ["certificate_chain"] = Named("filename", files.Certificate),
                ["private_key"] = Named("filename", files.Key),
                ["watched_directory"] = Named("path", Path.GetDirectoryName(files.Certificate)!),
            },
        };
        return Encoding.UTF8.GetBytes(new JsonObject { ["resources"] = new JsonArray(secret) }.ToJsonString());
    }

    private static JsonObject Named(string member, string path) => new() { [member] = path };
}
