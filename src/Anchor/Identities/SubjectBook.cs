using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Who the segment's pods are, by what they show (V50): a key on file, a token for these anchors, or a SPIFFE
/// certificate, in this order. What was looked at is not looked at again for a few seconds, in which also the rotation
/// of a bundle or of an issuer's keys takes effect on open streams. To look at a proof that never held costs work, and
/// whoever brings one is a stranger (V52): looks are counted before they are taken. Thread-safe.
/// </summary>
internal sealed class SubjectBook : IDisposable
{
    /// <summary>How long a look holds, in milliseconds: no longer than a proof itself, and so short that a withdrawn
    /// authority soon counts for nothing.</summary>
    internal const long LookLife = 10_000;

    // Looks at proofs of strangers: a restart of this anchor is one for all of its pods at once.
    private const int StrangersPerSecond = 100;
    private const int StrangersBurst = 4096;
    private static readonly Digest WithToken = Digest.Sha256("fairlead-look/token"u8);

    private static readonly TimeSpan BetweenReads = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _reading;
    private readonly StrangerBook _strangers;
    private volatile Known _known;

    /// <param name="keys">The subjects of keys on file.</param>
    /// <param name="options">The other proofs.</param>
    /// <param name="time">The clock of rotation.</param>
    /// <param name="logger">Hears of files that were read or cannot be.</param>
    internal SubjectBook(
        IReadOnlyDictionary<Digest, Subject> keys, IdentityOptions options, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _strangers = new StrangerBook(StrangersPerSecond, StrangersBurst, time);
        _known = new Known(
            keys, new SpiffeSubjects(options.Spiffe, time, logger), new TokenSubjects(options.Tokens, time, logger),
            new FailedLooks(time));

        // Read from the start on and not with the questions alone: where a file is torn just then, what goes on to
        // count is what it said a moment ago, and not what it said at the last question.
        Read();
        _reading = time.CreateTimer(_ => Read(), null, BetweenReads, BetweenReads);
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Knows these from now on; on open streams within a few seconds.</summary>
    /// <param name="keys">The subjects of keys on file.</param>
    /// <param name="spiffe">The trust domains; null for those of before, with all that was read of their
    /// bundles.</param>
    /// <param name="tokens">The issuers; null for those of before, with their keys.</param>
    internal void Replace(
        IReadOnlyDictionary<Digest, Subject> keys,
        ImmutableArray<SpiffeDomain>? spiffe,
        ImmutableArray<TokenIssuer>? tokens)
    {
        var next = new Known(
            keys,
            spiffe is { } domains ? new SpiffeSubjects(domains, _time, _logger) : _known.Spiffe,
            tokens is { } issuers ? new TokenSubjects(issuers, _time, _logger) : _known.Tokens,
            new FailedLooks(_time));
        next.Read();
        _known = next;
    }

    /// <summary>Whose key is on file, which costs nothing to know; null for nobody's.</summary>
    internal Subject? OnFile(Digest kid) => _known.Keys.GetValueOrDefault(kid);

    /// <summary>Who a caller is.</summary>
    /// <param name="caller">What it shows.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="found">Who, where it is known.</param>
    /// <returns>
    /// <c>SubjectUnknown</c>, <c>TokenAudience</c> or, where strangers showed too much lately, <c>RateLimited</c>; no
    /// part of a token is in it.
    /// </returns>
    internal Refusal? Identify(Caller caller, long now, long delta, out Identified? found)
    {
        found = null;
        if (caller.Kid is not { } kid)
        {
            return new Refusal(VerificationFailure.SubjectUnknown, "tls", "the connection shows no key");
        }

        var known = _known;
        if (known.Keys.TryGetValue(kid, out var subject))
        {
            found = new Identified(subject, now + LookLife);
            return null;
        }

        if ((known.Failed.Find(caller.Proof) ?? known.Often(caller, _strangers)) is { } before)
        {
            return before;
        }

        var refusal = caller.Token is null
            ? known.Spiffe.Identify(caller, now, delta, out found)
            : known.Tokens.Identify(caller, now, delta, out found);
        if (found is not null)
        {
            found = found with { Until = Math.Min(found.Until, now + LookLife) };
        }
        else
        {
            known.Failed.Keep(caller.Proof, refusal!);
        }

        return refusal;
    }

    private void Read() => _known.Read();

    private sealed record Known(
        IReadOnlyDictionary<Digest, Subject> Keys, SpiffeSubjects Spiffe, TokenSubjects Tokens, FailedLooks Failed)
    {
        // Those with tokens and those without do not use up each other's; where none count there is nothing to look at.
        internal Refusal? Often(Caller caller, StrangerBook strangers) => caller.Token is null
            ? Spiffe.IsEmpty || Spiffe.Recalls(caller.Proof) ? null : strangers.Take(caller.From, default)
            : Tokens.IsEmpty || Tokens.Recalls(caller.Proof) ? null : strangers.Take(caller.From, WithToken);

        internal void Read()
        {
            Spiffe.Read();
            Tokens.Read();
        }
    }
}
