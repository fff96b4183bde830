namespace Fairlead.Naming.Traversal;

/// <summary>
/// What an answer will stand on, checked before it is there: the signatures of chains and introductions, as facts of
/// arithmetic for a cache. Nothing is judged, remembered or believed by it; whose the keys are is asked when the answer
/// is verified. Pure but for the cache, thread-safe.
/// </summary>
public static class AnswerAhead
{
    private static readonly SignatureHelp Nobody = new(0, static _ => { });

    /// <summary>Checks the signatures of hops whose form is right, 256 at most (V36); of others none.</summary>
    /// <param name="state">What the verifier remembers: the keys of chains that it holds.</param>
    /// <param name="answer">The hops as they came; what else is in it does not matter.</param>
    /// <param name="cache">Remembers the true ones.</param>
    /// <param name="help">Who helps; null for nobody.</param>
    public static void Check(VerifierState state, UnverifiedAnswer answer, VerifiedCache cache, SignatureHelp? help)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(cache);
        var (hops, form) = AnswerParser.Hops(answer);
        if (form is null)
        {
            SignaturesAhead.Start(help ?? Nobody, state, hops, cache)?.CheckAll(cache);
        }
    }
}
