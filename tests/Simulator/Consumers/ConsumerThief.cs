using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;

namespace Fairlead.Simulator.Consumers;

/// <summary>
/// Who has the keys of one anchor of each segment, as many as each tolerates, and signs with them whatever it likes.
/// Used on one thread.
/// </summary>
/// <param name="world">What is true.</param>
/// <param name="random">Chooses what to forge.</param>
/// <param name="ofUs1">How many anchors of us1 it has the keys of: one, but for a planted mistake.</param>
internal sealed class ConsumerThief(ConsumerWorld world, Random random, int ofUs1)
{
    private readonly AnchorKeys[] _ofOthers = [world.Acme.Anchors[^1], world.Eu1.Anchors[^1], world.Corp.Anchors[^1]];
    private readonly AnchorKeys[] _ofUs1 = [.. world.Us1.Anchors.TakeLast(ofUs1)];

    /// <summary>Whether a statement is by one of its keys: what that anchor says, and no other.</summary>
    internal bool Signed(Envelope statement) => statement.Signatures.All(signature =>
        _ofUs1.Concat(_ofOthers).Any(keys => keys.Seal.Key.Kid == signature.Kid));

    /// <summary>An answer of its own making; null where there is none to make now.</summary>
    internal UnverifiedAnswer? Forge(string name, UnverifiedAnswer? truth, long now)
    {
        var choice = random.Next(6);
        if (ConsumerWorld.IsOfCorp(name) || choice == 0)
        {
            return world.DeniedAtHome(name, now, world.Eu1.Anchors[^1].Seal);
        }

        // Alone, and as many as a certificate has.
        var seals = _ofUs1.Concat(random.Next(2) == 0 ? [] : _ofOthers).Take(world.Us1.Threshold).ToList();
        return choice switch
        {
            1 => world.Denied(name, now, _ofUs1[0].Seal),
            2 => world.Forged(name, now, "10.6.6.6", seals.Select(keys => keys.Seal)),
            3 => world.Forged(name, now, null, seals.Select(keys => keys.Seal)),
            4 => truth is null ? null : world.Promised(truth, now, seals.Select(keys => keys.Gov)),
            _ => world.Allowed(name, now, seals.Take(ConsumerWorld.Attests).Select(keys => keys.Seal)),
        };
    }
}
