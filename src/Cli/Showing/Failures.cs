using Fairlead.Cli.Asking;
using Fairlead.Naming;

namespace Fairlead.Cli.Showing;

/// <summary>How a failure ends the program.</summary>
internal static class Failures
{
    /// <summary>The exit code of a check that failed.</summary>
    internal static int ExitCodeOf(VerificationFailure failure) => failure switch
    {
        VerificationFailure.SealExpired or VerificationFailure.EpochExpired or VerificationFailure.RecordExpired
            or VerificationFailure.AttestationExpired or VerificationFailure.IntroductionExpired
            => ExitCode.Unreachable,
        VerificationFailure.SubjectUnknown => ExitCode.Usage,
        _ => ExitCode.Refused,
    };

    /// <summary>
    /// Of all that anchors said, what ends the program: a failed check before an expiry before a connection.
    /// </summary>
    internal static (AnchorRefusal? Refusal, int ExitCode) Worst(IEnumerable<AnchorRefusal> refusals)
    {
        AnchorRefusal? worst = null;
        var rank = -1;
        foreach (var refusal in refusals)
        {
            var own = refusal.IsTransport ? 0 : ExitCodeOf(refusal.Check!.Value) == ExitCode.Unreachable ? 1 : 2;
            if (own > rank)
            {
                (worst, rank) = (refusal, own);
            }
        }

        return (worst, rank == 2 ? ExitCodeOf(worst!.Check!.Value) : ExitCode.Unreachable);
    }
}
