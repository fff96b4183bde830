namespace Fairlead.Sidecar.Dns;

/// <summary>What is asked. Immutable, thread-safe.</summary>
/// <param name="Name">The name as the asker spelled it.</param>
/// <param name="Type">The type.</param>
/// <param name="Class">The class.</param>
internal sealed record DnsQuestion(DnsName Name, DnsType Type, DnsClass Class)
{
    public override string ToString() => $"{Name} {Class} {Type}";
}
