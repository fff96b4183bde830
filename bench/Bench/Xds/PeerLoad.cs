using System.Globalization;
using Fairlead.TestKit;

namespace Fairlead.Bench;

/// <summary>Who serves the endpoints.</summary>
internal enum XdsServerKind
{
    /// <summary>XdsHost, which is src/Xds.</summary>
    Own,

    /// <summary>go-control-plane's linear cache.</summary>
    GoControlPlane,
}

/// <summary>A load of the same client on either host (<c>peers load</c>, <c>$PEERS</c>): streams that subscribe to some
/// names each, and changes one after the other, each waited for.</summary>
/// <param name="Streams">Streams, 50 to a connection.</param>
/// <param name="Subscribe">Names of each stream, of 100.</param>
/// <param name="Updates">Changes.</param>
/// <param name="Variant"><c>sotw</c> or <c>delta</c>.</param>
internal sealed record PeerLoad(int Streams, int Subscribe, int Updates, string Variant)
{
    private const int Names = 100;
    private const int Endpoints = 100;

    /// <summary>The program of counterparts; null where it is not there.</summary>
    internal static string? Program => Environment.GetEnvironmentVariable("PEERS") is { Length: > 0 } path
        && File.Exists(path) ? path : PeerTools.FindOnPath("peers");

    /// <summary>Runs it on a fresh host.</summary>
    /// <returns>The figures that the client prints, by their names.</returns>
    internal async Task<IReadOnlyDictionary<string, double>> RunAsync(
        XdsServerKind kind, CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var target = "unix:" + folder.File("xds.sock");
        string[] host = kind == XdsServerKind.Own ? [BuiltPrograms.XdsHost] : [Program!, "gcp-host"];
        var (code, output, error) = await PeerTools.RunAsync(
            Program!,
            [
                "load", "--target", target, "--streams", Text(Streams), "--names", Text(Names),
                "--subscribe", Text(Subscribe), "--updates", Text(Updates), "--variant", Variant, "--", .. host,
                "--listen", target, "--names", Text(Names), "--endpoints", Text(Endpoints),
            ],
            null,
            cancellationToken);
        return code == 0
            ? Figures(output)
            : throw new InvalidOperationException($"peers load ended with {code}: {error}{output}");
    }

    /// <summary>All <c>name=number</c> of an output; <c>rss_kb</c> and <c>anon_kb</c> prefix what follows
    /// them.</summary>
    internal static IReadOnlyDictionary<string, double> Figures(string output)
    {
        var (figures, prefix) = (new Dictionary<string, double>(StringComparer.Ordinal), "");
        foreach (var word in output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Split('=') is not [var name, var text])
            {
                prefix = word + " ";
            }
            else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                prefix = name.Contains('_', StringComparison.Ordinal) ? "" : prefix;
                figures[prefix + name] = value;
            }
        }

        return figures;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
