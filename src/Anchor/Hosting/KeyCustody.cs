using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// The anchor's keys, each for its one role (V7), checked against the newest epoch: a key in the wrong place is found
/// at the start and not by others. Thread-safe.
/// </summary>
internal sealed class KeyCustody : IDisposable
{
    private KeyCustody(EcdsaSigner gov, EcdsaSigner seal, TlsIdentity transport, Digest transportKid)
    {
        Gov = gov;
        Seal = seal;
        Transport = transport;
        TransportKid = transportKid;
    }

    /// <summary>Signs votes about the next epoch.</summary>
    internal EcdsaSigner Gov { get; }

    /// <summary>Signs seals, Attests, Grants and heads.</summary>
    internal EcdsaSigner Seal { get; }

    /// <summary>The key of connections.</summary>
    internal TlsIdentity Transport { get; }

    /// <summary>The kid of <see cref="Transport"/>.</summary>
    internal Digest TransportKid { get; }

    /// <summary>Loads the keys.</summary>
    /// <exception cref="StartException">A file cannot be used, or its key is not this anchor's in the
    /// epoch.</exception>
    internal static KeyCustody Load(AnchorOptions options, SegmentGround ground, TimeProvider time)
    {
        var anchor = ground.Newest.Value.Anchors.FirstOrDefault(anchor => anchor.Id == options.Id)
            ?? throw new StartException(
                $"segment file {options.SegmentFile}: epoch {ground.Newest.Value.Number} has no anchor {options.Id}; "
                + "check id");
        try
        {
            using var tls = KeyFile.Load(options.TlsKey);
            using var tlsSigner = KeyFile.LoadSigner(options.TlsKey);
            Check(options.TlsKey, tlsSigner.Key, anchor.Tls, "tls");
            var seal = KeyFile.LoadSigner(options.SealKey);
            Check(options.SealKey, seal.Key, anchor.Seal, "seal");
            var gov = KeyFile.LoadSigner(options.GovKey);
            Check(options.GovKey, gov.Key, anchor.Gov, "gov");
            return new KeyCustody(gov, seal, new TlsIdentity(tls, time), anchor.Tls.Kid);
        }
        catch (KeyFileException e)
        {
            throw new StartException(e.Message, e);
        }
    }

    public void Dispose()
    {
        Gov.Dispose();
        Seal.Dispose();
        Transport.Dispose();
    }

    private static void Check(string path, PublicKey found, PublicKey expected, string role)
    {
        if (!found.Equals(expected))
        {
            throw new StartException(
                $"key file {path}: holds key {found.Kid}, the epoch names {expected.Kid} as this anchor's {role} "
                + "key; give the right file");
        }
    }
}
