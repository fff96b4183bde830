using Fairlead.Protocol.V1;

namespace Fairlead.Liar;

/// <summary>
/// Says nothing false, and from one SIGHUP to the next nothing at all: connections stay open, and no answer comes.
/// </summary>
internal sealed class WithholdLie : Lie
{
    internal override bool Withholds => true;

    internal override void Tell(Answer answer)
    {
    }
}
