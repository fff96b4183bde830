using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Simulator.Consumers;

/// <summary>How an anchor of the home behaves towards the consumer.</summary>
internal enum RelayMood
{
    Honest,
    Silent,
    Lagging,
    Lying,
}

/// <summary>
/// An anchor of the home: a verifier before it is a relay, while it is honest; else it says nothing, or what it once
/// said, or what is not so. Used on one thread.
/// </summary>
internal sealed class ConsumerRelay(ConsumerWorld world, ConsumerThief thief, Random random)
{
    private readonly Dictionary<string, List<UnverifiedAnswer>> _said = [];
    private VerifierState? _state;
    private readonly VerifiedCache _cache = new();

    internal RelayMood Mood { get; set; }

    /// <summary>What it says of a name.</summary>
    /// <returns>An answer, or a failure that it names; neither where it is silent. And whether it is honest.</returns>
    internal (UnverifiedAnswer? Answer, Refusal? Failure, bool IsHonest) Say(string name, long now) => Mood switch
    {
        RelayMood.Silent => (null, null, false),
        RelayMood.Lagging when _said.GetValueOrDefault(name) is [.., var last] => (last, null, false),
        RelayMood.Lying => Lie(name, now),
        _ => Honestly(name, now),
    };

    private (UnverifiedAnswer? Answer, Refusal? Failure, bool IsHonest) Honestly(string name, long now)
    {
        if (world.Answer(name, now) is not { } answer)
        {
            return (null, new Refusal(VerificationFailure.NotSealed, name, "the target does not seal"), true);
        }

        _state ??= world.Met(now);
        var verdict = AnswerVerifier.Verify(_state, world.Query(name, now), answer, now, null, _cache);
        if (verdict is not Verdict.Accepted accepted)
        {
            return (null, ((Verdict.Refused)verdict).Refusal, true);
        }

        _state = accepted.Next;
        (_said.TryGetValue(name, out var said) ? said : _said[name] = []).Add(answer);
        return (answer, null, true);
    }

    private (UnverifiedAnswer? Answer, Refusal? Failure, bool IsHonest) Lie(string name, long now)
    {
        var truth = world.Answer(name, now);
        var lie = random.Next(3) == 0 ? thief.Forge(name, truth, now) : random.Next(7) switch
        {
            // As corp says it, whatever the home admits.
            < 4 when world.IsCorpTaken && ConsumerWorld.IsOfCorp(name) => truth,
            1 => _said.GetValueOrDefault(name) is { Count: > 0 } said ? said[random.Next(said.Count)] : null,
            2 => truth is null ? null : truth with { Query = world.Query(ConsumerWorld.Nobody, now).Payload },
            3 when truth is { Hops.Length: > 1 } => truth with { Hops = [truth.Hops[0], .. truth.Hops[1..].Reverse()] },
            4 => truth is null ? null : truth with { Hops = [.. truth.Hops.Select(hop => hop with { Attests = [] })] },
            5 when name == ConsumerWorld.Checkout => world.Misled(now),
            _ => truth is null ? null : Bent(truth),
        };
        return (lie, null, false);
    }

    // A byte of a seal, or of what it is about.
    private UnverifiedAnswer Bent(UnverifiedAnswer truth)
    {
        var at = random.Next(truth.Hops.Length);
        if (truth.Hops[at].Seal is not { } seal)
        {
            return truth with { Result = AnswerResult.Negative };
        }

        var payload = seal.Payload.ToArray();
        payload[random.Next(payload.Length)] ^= (byte)(1 << random.Next(8));
        return truth with
        {
            Hops = truth.Hops.SetItem(at, truth.Hops[at] with { Seal = new Envelope(payload, seal.Signatures) }),
        };
    }
}
