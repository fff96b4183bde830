using System.Security.Cryptography;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The pod's key and its proof, read from their files. Immutable; owns the identity.</summary>
/// <param name="Identity">The key: on file with the home, or the pod's own beside another proof.</param>
/// <param name="Key">Its public half.</param>
/// <param name="Proof">The other proof; null where the key is one.</param>
/// <param name="Subject">Whom the proof names, where it says so itself.</param>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed record PodProof(TlsIdentity Identity, PublicKey Key, IConsumerProof? Proof, Subject? Subject)
    : IDisposable
{
    /// <summary>The file of the pod's own key beside another proof, in the state folder.</summary>
    internal const string OwnKey = "pod.key";

    /// <summary>Reads the files.</summary>
    /// <exception cref="StartException">One of them cannot be used; the message names it and the remedy.</exception>
    internal static PodProof Read(SidecarOptions options, TimeProvider time, ILogger logger)
    {
        var identity = options.Identity;
        try
        {
            if (identity.Svid is { } files)
            {
                void Unreadable(string reason) => SidecarLog.ProofUnreadable(logger, files.Certificate, reason);
                var proof = new SvidProof(
                    new SvidFiles(
                        files, time, svid => SidecarLog.SvidRead(logger, svid.Identity, svid.Expires), Unreadable),
                    Unreadable);
                return Own(options, time, proof, KubernetesPath.SubjectOf(proof.Identity));
            }

            if (identity.Token is { } token)
            {
                var proof = new TokenProof(
                    token, time, reason => SidecarLog.ProofUnreadable(logger, token, reason));
                return Own(options, time, proof, proof.Subject);
            }

            return OnFile(identity.Key!, time, null, null);
        }
        catch (CryptographicException e)
        {
            throw new StartException($"spiffe: {identity.Svid?.Certificate}: {e.Message}", e);
        }
        catch (FormatException e)
        {
            throw new StartException(
                $"{e.Message}; give the path of a projected service-account token for the home's audience", e);
        }
    }

    public void Dispose() => Identity.Dispose();

    // The state file belongs to a key. Where the proof is another one and rotates, that key is the pod's own, and lies
    // beside the state.
    private static PodProof Own(SidecarOptions options, TimeProvider time, IConsumerProof proof, Subject? subject)
    {
        if (ResolverSetup.InFolder(options, OwnKey) is not { } file)
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return Of(new TlsIdentity(made, time), proof, subject);
        }

        if (!File.Exists(file))
        {
            KeyFile.Create(file).Dispose();
        }

        return OnFile(file, time, proof, subject);
    }

    private static PodProof OnFile(string file, TimeProvider time, IConsumerProof? proof, Subject? subject)
    {
        using var key = KeyFile.Load(file);
        return Of(new TlsIdentity(key, time), proof, subject);
    }

    private static PodProof Of(TlsIdentity identity, IConsumerProof? proof, Subject? subject) =>
        PublicKey.TryFromPoint(identity.PublicKey, out var key, out var bad)
            ? new PodProof(identity, key, proof, subject)
            : throw new StartException(bad.ToString());
}
