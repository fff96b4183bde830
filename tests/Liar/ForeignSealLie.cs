using Fairlead.Protocol.V1;

namespace Fairlead.Liar;

/// <summary>Puts the own segment's seal into the target's hop.</summary>
internal sealed class ForeignSealLie : Lie
{
    internal override void Tell(Answer answer)
    {
        foreach (var hop in answer.Hops.Skip(1))
        {
            hop.Seal = answer.Hops[0].Seal.Clone();
        }
    }
}
