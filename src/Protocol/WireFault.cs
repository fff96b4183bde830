using Fairlead.Naming;

namespace Fairlead.Protocol;

/// <summary>The first thing wrong with one message.</summary>
internal sealed class WireFault
{
    internal Refusal? Refusal { get; private set; }

    internal void Set(string where, string detail) =>
        Refusal ??= new Refusal(VerificationFailure.BadEnvelope, where, detail);

    internal T? Set<T>(string where, string detail)
        where T : class
    {
        Set(where, detail);
        return null;
    }
}
