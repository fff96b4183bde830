using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Operating;

/// <summary>Builds a candidate on what the anchor shows, and makes it.</summary>
/// <param name="ground">The newest epoch.</param>
/// <param name="now">Unix ms.</param>
/// <param name="refusal">Why there is none.</param>
internal delegate EpochProposal? BuildOperation(EpochGround ground, long now, out Refusal? refusal);
