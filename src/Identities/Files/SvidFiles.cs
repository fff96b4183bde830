using System.Text;

namespace Fairlead.Identities;

/// <summary>The pod's SVID in files that a SPIFFE helper replaces. Thread-safe.</summary>
public sealed class SvidFiles
{
    /// <summary>The most bytes of one file: a certificate with what is between it and its authority, or a
    /// bundle.</summary>
    public const int BytesMax = 256 * 1024;

    private readonly RotatedFiles<Svid>? _files;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="paths">The files; null where the pod has no SVID.</param>
    /// <param name="time">The clock of the pause between two looks.</param>
    /// <param name="renewed">Hears of each new SVID.</param>
    /// <param name="unreadable">Hears why the files cannot be used; no part of a key is in it.</param>
    public SvidFiles(
        SpiffePaths? paths, TimeProvider time, Action<Svid>? renewed = null, Action<string>? unreadable = null) =>
        _files = paths is null ? null : new RotatedFiles<Svid>(
            paths.Bundle is { } bundle ? [paths.Certificate, paths.Key, bundle] : [paths.Certificate, paths.Key],
            BytesMax, Read, time)
            {
                Renewed = renewed ?? (_ => { }),
                Unreadable = unreadable ?? (_ => { }),
            };

    /// <summary>The SVID now; null where the pod has none.</summary>
    public Svid? Current => _files?.Current;

    private static Svid Read(IReadOnlyList<byte[]> contents) => Svid.Read(
        Encoding.UTF8.GetString(contents[0]),
        Encoding.UTF8.GetString(contents[1]),
        contents.Count > 2 ? Encoding.UTF8.GetString(contents[2]) : null);
}
