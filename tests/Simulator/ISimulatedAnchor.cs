using Fairlead.Governance;

namespace Fairlead.Simulator;

/// <summary>An anchor of a run, honest or not.</summary>
internal interface ISimulatedAnchor
{
    string Id { get; }

    void Deliver(SegmentInput input);
}
