using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.Controller.Anchors;

/// <summary>
/// The segment's chain of epochs, verified from its genesis digest (V8-V13), as far as any anchor showed it: it says whose TLS
/// keys are the anchors' (V63). Thread-safe.
/// </summary>
internal sealed class SegmentChain(Digest genesis, TimeProvider time)
{
    private const long FirstDelta = 5_000; // before an epoch states its own clock tolerance (trust 4.2)
    private readonly Lock _gate = new();
    private Parsed<Epoch>? _newest;

    /// <summary>The segment.</summary>
    public Digest Genesis => genesis;

    /// <summary>The number of the next epoch to ask for.</summary>
    public long Next
    {
        get
        {
            lock (_gate)
            {
                return _newest is null ? 0 : _newest.Value.Number + 1;
            }
        }
    }

    /// <summary>Takes epochs that continue the chain; those that it holds already are passed over.</summary>
    /// <returns>The first refusal; the chain then ends before the refused epoch.</returns>
    public Refusal? Extend(IEnumerable<EpochDocument> epochs)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            foreach (var raw in epochs)
            {
                if (!ParsedEpochDocument.TryParse(raw, genesis, out var document, out var refusal))
                {
                    return refusal;
                }

                if (_newest is { } held && document.Epoch.Value.Number <= held.Value.Number)
                {
                    continue;
                }

                var delta = _newest?.Value.Policy.ClockDelta ?? FirstDelta;
                var checks = new SignatureBudget();
                refusal = _newest is null
                    ? EpochRules.CheckGenesis(document, genesis, [], now, delta, checks)
                    : EpochRules.CheckSuccessor(_newest, document, genesis, [], now, delta, checks);
                if (refusal is not null)
                {
                    return refusal;
                }

                _newest = document.Epoch;
            }

            return null;
        }
    }

    /// <summary>Whether <paramref name="point"/> (65 bytes) is a tls key of the newest epoch; never before one is held.
    /// </summary>
    public bool HoldsTlsKey(ReadOnlySpan<byte> point)
    {
        lock (_gate)
        {
            foreach (var anchor in _newest?.Value.Anchors ?? [])
            {
                if (CryptographicOperations.FixedTimeEquals(anchor.Tls.Point, point))
                {
                    return true;
                }
            }

            return false;
        }
    }
}
