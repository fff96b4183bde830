using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// The next state while it is put together. It takes every statement with its signer, so that what one segment says can
/// never change what is held of another (V40). Not thread-safe.
/// </summary>
internal sealed class StateDraft(VerifierState state)
{
    internal VerifierState State { get; private set; } = state;

    /// <summary>Takes what <paramref name="signer"/> says of a segment.</summary>
    /// <returns><see cref="CrossSegmentWrite"/> unless the segment is the signer itself.</returns>
    internal Refusal? Write(Digest signer, SegmentState segment)
    {
        if (signer != segment.Genesis)
        {
            return new Refusal(CrossSegmentWrite, "", $"{signer} speaks of {segment.Genesis}");
        }

        if (!ReferenceEquals(State.Segments.GetValueOrDefault(signer), segment))
        {
            State = State with { Segments = State.Segments.SetItem(signer, segment) };
        }

        return null;
    }

    /// <summary>Binds a name at its first verified introduction; a name that is bound stays bound.</summary>
    internal void Pin(SegmentName name, Digest genesis, Digest source)
    {
        if (!State.Pins.ContainsKey(name))
        {
            State = State with { Pins = State.Pins.Add(name, new Pin(genesis, source)) };
        }
    }

    /// <summary>Binds a trust domain to the segment that the home lets speak for it (V54): what the home's quorum says
    /// takes the place of a first use.</summary>
    internal void Bind(string domain, Digest genesis)
    {
        if (!State.Domains.TryGetValue(domain, out var bound) || bound != genesis)
        {
            State = State with { Domains = State.Domains.SetItem(domain, genesis) };
        }
    }

    /// <summary>Raises the time floor to a home seal's <c>issued</c>.</summary>
    internal void RaiseTime(long issued)
    {
        if (issued > State.TimeFloor)
        {
            State = State with { TimeFloor = issued };
        }
    }
}
