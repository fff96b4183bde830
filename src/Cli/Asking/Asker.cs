using System.Security.Cryptography;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;

namespace Fairlead.Cli.Asking;

/// <summary>Who asks, and how that is proved (V50): by a key on file with the home, by a service-account token, or by
/// an X.509 SVID. Beside the last two the memory of what was verified belongs to a key of its own. Owns the
/// identity.</summary>
/// <param name="Key">Whose memory it is.</param>
/// <param name="Identity">The key of connections.</param>
/// <param name="Token">What goes with each question; null for none.</param>
/// <param name="Subject">Whom the proof names; null where it does not say.</param>
/// <param name="File">The file that proves it, for messages.</param>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed record Asker(PublicKey Key, TlsIdentity Identity, string? Token, Subject? Subject, string File)
    : IDisposable
{
    private const string OwnKey = "pod.key";

    /// <summary>Reads the files that an asker was given.</summary>
    /// <param name="key">--key.</param>
    /// <param name="token">--token.</param>
    /// <param name="certificate">--spiffe-certificate.</param>
    /// <param name="certificateKey">--spiffe-key.</param>
    /// <param name="state">The folder of the memory, where the key beside a proof lies; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CliException">Not one proof alone, or its file cannot be used.</exception>
    internal static Asker Read(
        string? key, string? token, string? certificate, string? certificateKey, string? state, TimeProvider time)
    {
        if (new[] { key, token, certificate }.Count(one => one is not null) != 1
            || (certificate is null) != (certificateKey is null))
        {
            throw Wrong("give one of --key, --token, or --spiffe-certificate with --spiffe-key");
        }

        try
        {
            return key is not null ? OfKey(key, time)
                : token is not null ? OfToken(token, state, time)
                : OfSvid(new SpiffePaths(certificate!, certificateKey!, null), state, time);
        }
        catch (KeyFileException e)
        {
            throw Wrong(e.Message);
        }
        catch (FormatException e)
        {
            throw Wrong($"--token: {e.Message}; give a projected service-account token for the home's audience");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong($"{VerificationFailure.StateNotDurable}: --state {state}: {e.Message}");
        }
    }

    public void Dispose() => Identity.Dispose();

    private static Asker OfKey(string file, TimeProvider time)
    {
        using var key = KeyFile.Load(file);
        var identity = new TlsIdentity(key, time);
        return PublicKey.TryFromPoint(identity.PublicKey, out var known, out var bad)
            ? new Asker(known, identity, null, null, file)
            : throw Wrong($"key file {file}: {bad}");
    }

    private static Asker OfToken(string file, string? state, TimeProvider time)
    {
        var proof = new TokenProof(file, time);
        using var own = Own(state);
        using var signer = new EcdsaSigner(own);
        return new Asker(signer.Key, new TlsIdentity(own, time), proof.Current.Token, proof.Subject, file);
    }

    private static Asker OfSvid(SpiffePaths paths, string? state, TimeProvider time)
    {
        var problem = "";
        try
        {
            var proof = new SvidProof(new SvidFiles(paths, time, unreadable: reason => problem = $" ({reason})"));
            using var own = Own(state);
            using var signer = new EcdsaSigner(own);
            return new Asker(
                signer.Key, proof.Current.Certificate!, null, KubernetesPath.SubjectOf(proof.Identity),
                paths.Certificate);
        }
        catch (CryptographicException e)
        {
            throw Wrong(
                $"--spiffe-certificate {paths.Certificate}: {e.Message}{problem}; give the files of an X.509 SVID");
        }
    }

    // A memory belongs to a key. Where the proof is another one and rotates, that key lies beside the memory.
    private static ECDsa Own(string? state)
    {
        if (state is null)
        {
            return ECDsa.Create(ECCurve.NamedCurves.nistP256);
        }

        Directory.CreateDirectory(state);
        var file = Path.Combine(state, OwnKey);
        return System.IO.File.Exists(file) ? KeyFile.Load(file) : KeyFile.Create(file);
    }

    private static CliException Wrong(string message) => new(ExitCode.Usage, message);
}
