using System.Globalization;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Cli.Operating;

/// <summary>Shows the decided epochs, page by page. What a leaf says is shown where it was written last.</summary>
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
        var epochs = new List<Decided>();
        var first = Math.Max(0, from - 1); // what an epoch changed is told by the one before
        LogResponse page;
        await using (session.ConfigureAwait(false))
        {
            var ground = await session.GroundAsync(cancellationToken).ConfigureAwait(false);
            do
            {
                var request = new LogRequest { From = (ulong)(first + epochs.Count), Limit = Limits.PageEpochs };
                page = await session.CallAsync(OperatorMethods.Log, request, cancellationToken).ConfigureAwait(false);
                foreach (var wire in page.Epochs)
                {
                    epochs.Add(Read(wire, epochs.LastOrDefault(), ground.Leaves));
                }
            }
            while (page.Epochs.Count == Limits.PageEpochs);
        }

        epochs.RemoveAll(epoch => epoch.Epoch.Value.Number < from);
        if (isJson)
        {
            WriteJson(epochs, page, output);
        }
        else
        {
            WriteText(epochs, page, output);
        }
    }

    private static Decided Read(DecidedEpoch wire, Decided? before, OperationLeaves held)
    {
        if (!Document.TryParse<Epoch>(wire.Epoch?.Payload.Memory ?? default, out var epoch, out var refusal))
        {
            throw new CliException(ExitCode.Refused, $"{refusal}");
        }

        var leaves = Document.TryParse<Manifest>(wire.Manifest.Memory, out var manifest, out _)
            ? manifest.Value.Changes.Select(change => Line(change, epoch.Value.Number, held))
            : [];
        return new Decided(
            epoch,
            [
                .. before is null ? [] : EpochDiff.Members(before.Epoch.Payload, epoch.Payload),
                .. leaves,
            ]);
    }

    private static void WriteText(
        List<Decided> epochs, LogResponse page, TextWriter output)
    {
        foreach (var (epoch, changes) in epochs)
        {
            output.WriteLine(
                $"epoch {epoch.Value.Number} {epoch.Value.Op.Type} {Time(epoch.Value.Issued)} {epoch.Digest}");
            foreach (var change in changes)
            {
                output.WriteLine($"  {change}");
            }
        }

        output.WriteLine($"newest {page.Newest}, {(page.Sealed ? "sealed" : "not sealed yet")}");
    }

    private static void WriteJson(
        List<Decided> epochs, LogResponse page, TextWriter output) =>
        output.WriteLine(JsonText.Object(json =>
        {
            json.WriteStartArray("epochs");
            foreach (var (epoch, changes) in epochs)
            {
                json.WriteStartObject();
                json.WriteNumber("epoch", epoch.Value.Number);
                json.WriteString("op", epoch.Value.Op.Type);
                json.WriteString("digest", epoch.Digest.ToString());
                json.WriteNumber("issued", epoch.Value.Issued);
                json.WriteNumber("expires", epoch.Value.Expires);
                json.WriteStartArray("changes");
                foreach (var change in changes)
                {
                    json.WriteStringValue(change);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("newest", page.Newest);
            json.WriteBoolean("sealed", page.Sealed);
        }));

    /// <summary>An epoch that was decided, and what it changed against the one before.</summary>
    private sealed record Decided(Parsed<Epoch> Epoch, IReadOnlyList<string> Changes);

    private static string Line(ManifestChange change, long epoch, OperationLeaves held)
    {
        var kind = (LeafClass)change.Class;
        var content = held.Leaves.GetValueOrDefault((kind, change.Name)) is { Document: OpMadeLeaf made } leaf
            && made.Made == epoch ? $" {EpochDiff.Content(leaf)}" : "";
        return $"{(change.Digest is null ? '-' : '+')} {kind.ToString().ToLowerInvariant()} {change.Name}{content}";
    }

    /// <summary>A moment as people read it, to the second (RFC 3339).</summary>
    internal static string Time(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
