using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// The signatures of one answer that nobody has checked yet. Helpers check them from the last one backwards, while the
/// verifier asks for each in the order of the rules: they meet somewhere, and neither waits for the other. It holds
/// facts of arithmetic only. What the verifier does not ask for says nothing, and what it asks for costs its budget as
/// if it had checked it itself (V36). Thread-safe.
/// </summary>
internal sealed class SignaturesAhead
{
    // With fewer, waking another thread takes longer than checking them.
    private const int Least = 4;

    private const int Open = 0;
    private const int Taken = 1;
    private const int True = 2;
    private const int False = 3;

    private readonly ImmutableArray<Item> _items;
    private readonly Dictionary<Digest, int> _places;
    private readonly int[] _marks;
    private int _end;
    private volatile bool _isOver;

    private SignaturesAhead(ImmutableArray<Item> items, Dictionary<Digest, int> places)
    {
        _items = items;
        _places = places;
        _marks = new int[items.Length];
        _end = items.Length;
    }

    /// <summary>How many signatures there are.</summary>
    internal int Count => _items.Length;

    /// <summary>Starts helpers for an answer whose form was checked.</summary>
    /// <param name="help">The helpers.</param>
    /// <param name="state">What the verifier remembers: the keys of chains that it holds.</param>
    /// <param name="hops">The hops.</param>
    /// <param name="cache">What was verified before; null for nothing.</param>
    /// <returns>Null where there is too little to do.</returns>
    internal static SignaturesAhead? Start(
        SignatureHelp help, VerifierState state, ImmutableArray<HopInput> hops, VerifiedCache? cache)
    {
        var items = ImmutableArray.CreateBuilder<Item>();
        var places = new Dictionary<Digest, int>();
        foreach (var hop in hops)
        {
            foreach (var (envelope, digest) in Signed(hop))
            {
                Collect(envelope, digest, kid => KeyOf(kid, hop, state), cache, items, places);
            }
        }

        if (items.Count < Least)
        {
            return null;
        }

        var ahead = new SignaturesAhead(items.ToImmutable(), places);
        for (var i = 0; i < Math.Min(help.Helpers, items.Count / Least); i++)
        {
            help.Run(ahead.Help);
        }

        return ahead;
    }

    /// <summary>Whether a signature is true, where a helper knows; null where the verifier is to check it, which no
    /// helper will do from now on.</summary>
    /// <param name="known">As of <see cref="VerifiedCache.KeyOf"/>.</param>
    internal bool? Take(in Digest known)
    {
        if (!_places.TryGetValue(known, out var place))
        {
            return null;
        }

        return Interlocked.CompareExchange(ref _marks[place], Taken, Open) switch
        {
            True => true,
            False => false,
            _ => null,
        };
    }

    /// <summary>Checks all of them, and has a cache remember the true ones.</summary>
    internal void CheckAll(VerifiedCache cache)
    {
        foreach (var (known, key, digest, signature) in _items)
        {
            if (Take(known) ?? key.Verify(digest, signature.Span) is null)
            {
                cache.Add(known);
            }
        }

        End();
    }

    /// <summary>The verdict is there: helpers stop after the signature that they have in hand.</summary>
    internal void End() => _isOver = true;

    private void Help()
    {
        while (!_isOver)
        {
            var place = Interlocked.Decrement(ref _end);
            if (place < 0)
            {
                return;
            }

            if (Volatile.Read(ref _marks[place]) == Open)
            {
                var (_, key, digest, signature) = _items[place];
                Volatile.Write(ref _marks[place], key.Verify(digest, signature.Span) is null ? True : False);
            }
        }
    }

    // In the order in which the rules come to them: V8-V10 of each epoch, V17, V33.
    private static IEnumerable<(Envelope Envelope, Digest Digest)> Signed(HopInput hop)
    {
        foreach (var epoch in hop.Epochs)
        {
            if (epoch.Vote is { } vote)
            {
                yield return (epoch.Raw.Vote, vote.Digest);
            }

            if (epoch.Consent is { } consent)
            {
                yield return (epoch.Raw.Consent, consent.Digest);
            }

            if (epoch.RecoveryConsent is { } recovery)
            {
                yield return (epoch.Raw.RecoveryConsent, recovery.Digest);
            }
        }

        if (hop.Seal is { } seal)
        {
            yield return (hop.Raw.Seal!, seal.Digest);
        }

        foreach (var attest in hop.Attests)
        {
            yield return (attest.Envelope, attest.Attest.Digest);
        }
    }

    private static void Collect(
        Envelope envelope,
        Digest digest,
        Func<Digest, PublicKey?> keyOf,
        VerifiedCache? cache,
        ImmutableArray<Item>.Builder items,
        Dictionary<Digest, int> places)
    {
        // What the rules refuse by its count alone is nobody's work.
        var signatures = envelope.Signatures.IsDefault ? [] : envelope.Signatures;
        if (signatures.Length > Limits.ConsentSignatures)
        {
            return;
        }

        foreach (var signature in signatures)
        {
            if (items.Count >= Limits.SignatureChecks || signature.Value.Length != SignatureForm.Size)
            {
                continue;
            }

            var known = VerifiedCache.KeyOf(signature.Kid, digest, signature.Value.Span);
            if ((cache is null || !cache.Holds(known)) && keyOf(signature.Kid) is { } key
                && places.TryAdd(known, items.Count))
            {
                items.Add(new Item(known, key, digest, signature.Value));
            }
        }
    }

    // Whose key it is, in which role and under which epoch, the rules ask: here it is only found.
    private static PublicKey? KeyOf(Digest kid, HopInput hop, VerifierState state)
    {
        for (var i = hop.Epochs.Length - 1; i >= 0; i--)
        {
            if (EpochKeys.For(hop.Epochs[i].Epoch.Value).TryFind(kid, out var key, out _, out _))
            {
                return key;
            }
        }

        if (state.Segments.GetValueOrDefault(hop.Raw.Genesis) is { } held)
        {
            for (var i = held.Epochs.Length - 1; i >= 0; i--)
            {
                if (EpochKeys.For(held.Epochs[i].Value).TryFind(kid, out var key, out _, out _))
                {
                    return key;
                }
            }
        }

        return null;
    }

    private readonly record struct Item(Digest Known, PublicKey Key, Digest Digest, ReadOnlyMemory<byte> Signature);
}
