using System.Globalization;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Cli.Operating;

/// <summary>Shows the decided epochs, page by page.</summary>
internal static class EpochHistory
{
    /// <exception cref="CliException">5 for what is no chain, 6 without an anchor.</exception>
    internal static async Task RunAsync(
        string socket, long from, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        if (from is < 0 or > Limits.IntegerMax)
        {
            throw new CliException(ExitCode.Usage, $"--from {from}: epochs are numbered from 0");
        }

        var session = new OperatorSession(socket);
        var epochs = new List<(Parsed<Epoch> Epoch, Manifest? Manifest)>();
        LogResponse page;
        await using (session.ConfigureAwait(false))
        {
            do
            {
                var request = new LogRequest { From = (ulong)(from + epochs.Count), Limit = Limits.PageEpochs };
                page = await session.CallAsync(OperatorMethods.Log, request, cancellationToken).ConfigureAwait(false);
                epochs.AddRange(page.Epochs.Select(Read));
            }
            while (page.Epochs.Count == Limits.PageEpochs);
        }

        if (isJson)
        {
            WriteJson(epochs, page, output);
        }
        else
        {
            WriteText(epochs, page, output);
        }
    }

    private static (Parsed<Epoch> Epoch, Manifest? Manifest) Read(DecidedEpoch wire)
    {
        if (!Document.TryParse<Epoch>(wire.Epoch?.Payload.Memory ?? default, out var epoch, out var refusal))
        {
            throw new CliException(ExitCode.Refused, $"{refusal}");
        }

        return (epoch, Document.TryParse<Manifest>(wire.Manifest.Memory, out var manifest, out _)
            ? manifest.Value
            : null);
    }

    private static void WriteText(
        List<(Parsed<Epoch> Epoch, Manifest? Manifest)> epochs, LogResponse page, TextWriter output)
    {
        foreach (var (epoch, manifest) in epochs)
        {
            output.WriteLine(
                $"epoch {epoch.Value.Number} {epoch.Value.Op.Type} {Time(epoch.Value.Issued)} {epoch.Digest}");
            foreach (var change in manifest?.Changes ?? [])
            {
                output.WriteLine($"  {Line(change)}");
            }
        }

        output.WriteLine($"newest {page.Newest}, {(page.Sealed ? "sealed" : "not sealed yet")}");
    }

    private static void WriteJson(
        List<(Parsed<Epoch> Epoch, Manifest? Manifest)> epochs, LogResponse page, TextWriter output) =>
        output.WriteLine(JsonText.Object(json =>
        {
            json.WriteStartArray("epochs");
            foreach (var (epoch, manifest) in epochs)
            {
                json.WriteStartObject();
                json.WriteNumber("epoch", epoch.Value.Number);
                json.WriteString("op", epoch.Value.Op.Type);
                json.WriteString("digest", epoch.Digest.ToString());
                json.WriteNumber("issued", epoch.Value.Issued);
                json.WriteNumber("expires", epoch.Value.Expires);
                json.WriteStartArray("changes");
                foreach (var change in manifest?.Changes ?? [])
                {
                    json.WriteStringValue(Line(change));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("newest", page.Newest);
            json.WriteBoolean("sealed", page.Sealed);
        }));

    private static string Line(ManifestChange change) =>
        $"{(change.Digest is null ? '-' : '+')} "
        + $"{((LeafClass)change.Class).ToString().ToLowerInvariant()} {change.Name}";

    private static string Time(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
