using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Rpc;

/// <summary>
/// Decides over a server's key: its form, the caller's check, and that it stays the same (V63). Thread-safe.
/// </summary>
internal sealed class ServerKeyGate(string target, Func<ReadOnlyMemory<byte>, bool> check)
{
    private readonly Lock _gate = new();

    /// <summary>The accepted key, once there is one.</summary>
    public byte[]? Key { get; private set; }

    /// <summary>
    /// A TLS validation callback. Throws <see cref="TransportRefusedException"/> to refuse with a name.
    /// </summary>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var point = certificate is null ? null : P256Point.Of(certificate);
        if (point is null)
        {
            throw new TransportRefusedException(
                TransportFailure.BadKey, $"the certificate of {target} holds no P-256 key");
        }

        lock (_gate)
        {
            if (Key is not null && !Key.AsSpan().SequenceEqual(point))
            {
                throw new TransportRefusedException(
                    TransportFailure.TransportKeyMismatch, $"{target} has come back with another key");
            }

            if (!check(point))
            {
                throw new TransportRefusedException(
                    TransportFailure.TransportKeyMismatch, $"the key of {target} is not accepted");
            }

            Key ??= point;
            return true;
        }
    }
}
