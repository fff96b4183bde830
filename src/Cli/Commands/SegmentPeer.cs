using Fairlead.Cli.Ceremony;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Commands;

/// <summary>Takes a neighbour as peer, by the keys of a segment on disk.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class SegmentPeer
{
    /// <summary>
    /// Runs the ceremony: replaces <c>segment.json</c> and <c>peer.json</c> by those of the next epoch.
    /// </summary>
    /// <exception cref="CliException">A file that cannot be used, or a neighbour that cannot be a peer.</exception>
    internal static void Run(string path, string with, TimeProvider time, TextWriter output)
    {
        var folder = new SegmentFolder(path);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var peer = PeerFile.Read(with);
        try
        {
            var segment = SegmentFile.Read(folder.SegmentFile);
            var (newest, _) = SegmentChain.Verify(segment, now);
            folder.CheckIdle(newest.Value);
            var gov = folder.LoadKeys(newest.Value, "gov");
            var seal = folder.LoadKeys(newest.Value, "seal");
            var grown = Peering.Add(segment, peer, gov, seal, now, Randomness.Draw);
            var (next, _) = SegmentChain.Verify(grown, now);
            grown.Write(folder.SegmentFile);
            SegmentFolder.Replace(folder.PeerFile, PeerFile.Of(grown.Name, grown.Genesis, next).Encode());
            output.WriteLine($"epoch {next.Value.Number} {next.Digest}");
            output.WriteLine($"peer {peer.Name} {peer.Genesis}, from its epoch {peer.Floor.Epoch} on");
        }
        catch (Exception e) when (e is CeremonyException or InvalidDataException
            or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }
}
