using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Serving;

/// <summary>What answering needs of the anchor it runs in. Immutable, its parts thread-safe.</summary>
internal sealed class ServingContext
{
    /// <summary>How many signatures are remembered.</summary>
    internal const int VerifiedMost = 32_768;

    private RateOptions _rates = RateOptions.Default;

    /// <summary>The own segment.</summary>
    internal required ViewSource Views { get; init; }

    /// <summary>Signs Attests, Grants and heads.</summary>
    internal required ISigner SealKey { get; init; }

    /// <summary>The key of this anchor's connections.</summary>
    internal required TlsIdentity Transport { get; init; }

    /// <summary>The kid of <see cref="Transport"/>.</summary>
    internal required Digest TransportKid { get; init; }

    /// <summary>Who the segment's pods are.</summary>
    internal required SubjectBook Subjects { get; init; }

    /// <summary>Development only: loopback addresses of foreign segments are relayed.</summary>
    internal required bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <summary>How often one asker may ask (V52), from the next question on.</summary>
    internal RateOptions Rates
    {
        get => Volatile.Read(ref _rates);
        set => Volatile.Write(ref _rates, value);
    }

    /// <summary>What was verified before by any part of the anchor: a home's chain is shown, introduced and relayed,
    /// and each of its signatures is checked once.</summary>
    internal VerifiedCache Verified { get; init; } = new(VerifiedMost);

    /// <summary>Counts answers.</summary>
    internal AnswerMeter Meter { get; } = new();

    /// <summary>Both clocks.</summary>
    internal required TimeProvider Time { get; init; }

    /// <summary>Where logs go.</summary>
    internal required ILoggerFactory Loggers { get; init; }

    /// <summary>Told of each chain of another segment that was verified to a newer epoch; must not block. False where
    /// it was not heard.</summary>
    internal Func<SegmentState, bool> Learned { get; init; } = static _ => true;

    /// <summary>Told of each seal of another segment that was verified in an answer, with its signatures and its place,
    /// once what follows from it is durable; must not block.</summary>
    internal Action<Digest, Envelope, SealPosition> Saw { get; init; } = static (_, _, _) => { };

    /// <summary>Unix milliseconds now: for what documents say.</summary>
    internal long Now() => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Milliseconds by the clock that never goes back: for waits and pauses, which a wall clock that leapt
    /// ahead and was set right would draw out.</summary>
    internal long Elapsed() => ElapsedOf(Time);

    /// <summary>See <see cref="Elapsed()"/>.</summary>
    internal static long ElapsedOf(TimeProvider time) => (long)time.GetElapsedTime(0).TotalMilliseconds;
}
