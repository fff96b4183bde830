using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Home;

/// <summary>
/// What an anchor tells of an answer that is on its way, checked beside the stream: one at a time, a few on a stream,
/// and none that is larger than an answer may be (V1). What comes beyond that is not even read: it only would have made
/// the answer's own check shorter. One task tells, each check runs on another.
/// </summary>
/// <param name="check">Checks the hops.</param>
internal sealed class AheadChecks(Action<UnverifiedAnswer> check)
{
    /// <summary>As many segments as one stream may lead to for the first time.</summary>
    internal const int Most = 16;

    private int _told;
    private int _isChecking;

    /// <summary>Takes one.</summary>
    /// <returns>Its check; null where it is passed over.</returns>
    internal Task? Take(Answer told)
    {
        if (_told >= Most || told.CalculateSize() > Limits.AnswerBytes
            || Interlocked.CompareExchange(ref _isChecking, 1, 0) != 0)
        {
            return null;
        }

        _told++;
        return Task.Run(() => Check(told));
    }

    private void Check(Answer told)
    {
        try
        {
            if (WireReader.TryRead(told, out var ahead, out _))
            {
                check(ahead);
            }
        }
        finally
        {
            Volatile.Write(ref _isChecking, 0);
        }
    }
}
