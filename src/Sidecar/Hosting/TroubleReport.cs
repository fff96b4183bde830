using Fairlead.Naming;
using Fairlead.Resolver.Home;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// Writes troubles with anchors to the log, each kind at each anchor once a minute however often it comes. Thread-safe.
/// </summary>
internal sealed class TroubleReport(ILogger log)
{
    private const int KindsMax = 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Anchor, VerificationFailure Failure), DateTimeOffset> _said = [];

    internal void Report(AnchorTrouble trouble)
    {
        lock (_gate)
        {
            var kind = (trouble.Anchor, trouble.Refusal.Failure);
            if (_said.TryGetValue(kind, out var last) && trouble.Time - last < Pause)
            {
                return;
            }

            if (_said.Count >= KindsMax)
            {
                _said.Clear();
            }

            _said[kind] = trouble.Time;
        }

        var refusal = trouble.Refusal;
        var who = trouble.Anchor.Length > 0 ? $"anchor {trouble.Anchor}"
            : refusal.Failure == VerificationFailure.StateNotDurable ? "this sidecar"
            : "home";
        SidecarLog.Trouble(log, who, refusal.Failure, refusal.DetailFor(trouble.Anchor));
    }
}
