using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Controller.Anchors;

/// <summary>
/// The segment's verified chain of epochs as far as any anchor showed it, shared by all connections: one that shows
/// less does not shorten it. Thread-safe.
/// </summary>
internal sealed class SegmentChain(Digest genesis)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _addresses = new(StringComparer.Ordinal);

    /// <summary>The segment.</summary>
    public Digest Genesis => genesis;

    /// <summary>What is verified; null before first contact.</summary>
    public SegmentState? Held { get; private set; }

    /// <summary>What the newest epoch asks of who publishes; null before first contact.</summary>
    public SegmentTerms? Terms => Held?.Newest.Value is { } epoch
        ? new SegmentTerms((int)epoch.Quorum.F + 1, epoch.Policy.MaxRecordLife)
        : null;

    /// <summary>
    /// Notes which anchor answers at an address, by the key that it proved. Who counts anchors must not count one twice
    /// because it answers at two addresses.
    /// </summary>
    /// <returns>The other address where this anchor answers already; null where it is new.</returns>
    /// <exception cref="AnchorFailureException">The key is no anchor's of the newest epoch.</exception>
    public string? Claim(string address, PublicKey? key)
    {
        lock (_gate)
        {
            var anchor = Held?.Newest.Value.Anchors.FirstOrDefault(one => one.Tls == key)
                ?? throw new AnchorFailureException($"{VerificationFailure.TransportKeyMismatch}: no anchor's key");
            foreach (var (other, id) in _addresses)
            {
                if (id == anchor.Id && other != address)
                {
                    return other;
                }
            }

            _addresses[address] = anchor.Id;
            return null;
        }
    }

    /// <summary>Notes that nobody is connected to at an address.</summary>
    public void Release(string address)
    {
        lock (_gate)
        {
            _addresses.Remove(address);
        }
    }

    /// <summary>Takes a verified chain, unless a longer one is held.</summary>
    public void Offer(SegmentState segment)
    {
        lock (_gate)
        {
            if (Held is null || segment.NewestNumber > Held.NewestNumber)
            {
                Held = segment;
            }
        }
    }
}
