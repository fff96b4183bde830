using Fairlead.Cli.Ceremony;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Commands;

/// <summary>Puts one segment under another, by the keys of the one on disk.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class SegmentLink
{
    /// <summary>
    /// Runs the ceremony of one side: replaces <c>segment.json</c> and <c>peer.json</c> by those of the next epochs.
    /// </summary>
    /// <param name="path">The segment's folder.</param>
    /// <param name="children">The <c>peer.json</c> of each child to link.</param>
    /// <param name="parent">The <c>peer.json</c> of a parent to accept; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="output">Where the outcome is told.</param>
    /// <exception cref="CliException">A file that cannot be used, or a segment that cannot be linked.</exception>
    internal static void Run(
        string path, IReadOnlyCollection<string> children, string? parent, TimeProvider time, TextWriter output)
    {
        if (children.Count == 0 && parent is null)
        {
            throw new CliException(ExitCode.Usage, "give --child, --parent or both");
        }

        var folder = new SegmentFolder(path);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var below = children.Select(PeerFile.Read).ToList();
        var above = parent is null ? null : PeerFile.Read(parent);
        try
        {
            var segment = SegmentFile.Read(folder.SegmentFile);
            var (newest, _) = SegmentChain.Verify(segment, now);
            folder.CheckIdle(newest.Value);
            var gov = folder.LoadKeys(newest.Value, "gov");
            var seal = folder.LoadKeys(newest.Value, "seal");
            if (above is not null)
            {
                segment = Joining.Accept(segment, above, gov, seal, now);
            }

            segment = Joining.Link(segment, below, gov, seal, now, Randomness.Draw);
            Write(folder, segment, now, output);
        }
        catch (Exception e) when (e is CeremonyException or InvalidDataException
            or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }

        if (above is not null)
        {
            output.WriteLine($"parent {above.Name} {above.Genesis}, from its epoch {above.Floor.Epoch} on");
        }

        foreach (var child in below)
        {
            output.WriteLine($"child {child.Name} {child.Genesis}, from its epoch {child.Floor.Epoch} on");
        }
    }

    private static void Write(SegmentFolder folder, SegmentFile segment, long now, TextWriter output)
    {
        var (next, _) = SegmentChain.Verify(segment, now);
        segment.Write(folder.SegmentFile);
        SegmentFolder.Replace(folder.PeerFile, PeerFile.Of(segment.Name, segment.Genesis, next).Encode());
        output.WriteLine($"epoch {next.Value.Number} {next.Digest}");
    }
}
