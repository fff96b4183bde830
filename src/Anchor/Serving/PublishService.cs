using System.Threading.Channels;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Peers;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Takes entries from publishers. Whoever connects may offer: the signature on the document and the Credential in the
/// tree decide (V45). Who shows no Credential's key on the connection may offer only a few (V52). Thread-safe.
/// </summary>
internal sealed class PublishService(
    SealLoop loop, Digest genesis, AnchorMetrics counters, ServingContext context)
{
    private const int EntriesMax = 256;
    private const int OthersPerSecond = 16;

    // An entry names its publisher, and whoever knows a Credential's key can have signatures checked against it.
    private readonly CallerRates _rates = new(
        context, () => context.Rates.OfSegment, OthersPerSecond, 2 * EntriesMax);

    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Publish, PublishAsync);

    private async Task PublishAsync(
        PublishRequest request, IServerStreamWriter<PublishEvent> events, ServerCallContext call)
    {
        if (!WireReader.TryRead(request.Genesis, out Digest asked, out var refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        if (asked != genesis)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.WrongSegment, "genesis", $"this anchor governs {genesis}"));
        }

        if (request.Entries.Count is 0 or > EntriesMax)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.TooLarge, "entries", $"{request.Entries.Count} entries"));
        }

        if (_rates.Take(Caller.Of(call), context.Views.Current, request.Entries.Count) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        var heard = Channel.CreateUnbounded<(uint Index, SealOutput Output)>();
        var tokens = new List<long>();
        try
        {
            var open = await OfferAsync(request, events, heard, tokens).ConfigureAwait(false);
            while (open > 0)
            {
                var (index, output) = await heard.Reader.ReadAsync(call.CancellationToken).ConfigureAwait(false);
                Count(output);
                await events.WriteAsync(Describe(index, output)).ConfigureAwait(false);
                open -= output is SealOutput.Accepted ? 0 : 1;
            }
        }
        finally
        {
            tokens.ForEach(loop.Forget);
        }
    }

    // Returns how many entries are on their way.
    private async Task<int> OfferAsync(
        PublishRequest request,
        IServerStreamWriter<PublishEvent> events,
        Channel<(uint Index, SealOutput Output)> heard,
        List<long> tokens)
    {
        var open = 0;
        for (var i = 0; i < request.Entries.Count; i++)
        {
            var index = (uint)i;
            if (EntryWire.Read(request.Entries[i]) is { } entry)
            {
                tokens.Add(loop.Publish(entry, output => heard.Writer.TryWrite((index, output))));
                open++;
            }
            else
            {
                counters.Refused.With(nameof(VerificationFailure.BadEnvelope)).Add();
                await events.WriteAsync(
                    Refuse(index, new Refusal(VerificationFailure.BadEnvelope, "entry", "no document")))
                    .ConfigureAwait(false);
            }
        }

        return open;
    }

    private void Count(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Accepted:
                counters.Accepted.Add();
                break;
            case SealOutput.Refused refused:
                counters.Refused.With(refused.Refusal.Failure.ToString()).Add();
                break;
        }
    }

    private static PublishEvent Describe(uint index, SealOutput output) => output switch
    {
        SealOutput.Accepted => new PublishEvent { Index = index, Accepted = new Accepted() },
        SealOutput.Refused refused => Refuse(index, refused.Refusal),
        SealOutput.Sealed done => Sealed(index, done.Epoch, done.Seq),
        SealOutput.Superseded superseded => Sealed(index, superseded.Epoch, superseded.Seq),
        _ => throw new InvalidOperationException($"no event for {output.GetType().Name}"),
    };

    private static PublishEvent Sealed(uint index, long epoch, long seq) =>
        new() { Index = index, Sealed = new Sealed { Epoch = (ulong)epoch, Seq = (ulong)seq } };

    private static PublishEvent Refuse(uint index, Refusal refusal) => new()
    {
        Index = index,
        Refused = new Refused { Failure = refusal.Failure.ToString(), Detail = refusal.DetailFor("") },
    };
}
