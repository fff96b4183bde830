using System.Security.Cryptography;
using Fairlead.Rpc;

namespace Fairlead.Identities;

/// <summary>Proof by an X.509 SVID in files: the certificate of the pod's connections to its anchors. Thread-safe;
/// the last good one stays in use.</summary>
public sealed class SvidProof : IConsumerProof
{
    private readonly SvidFiles _files;
    private readonly Action<string> _unusable;
    private readonly Lock _gate = new();
    private (Svid Svid, ConsumerProof Proof) _current;

    /// <summary>Reads the files.</summary>
    /// <param name="files">The pod's SVID.</param>
    /// <param name="unusable">Hears, once of each, why a renewed SVID is not shown; handlers only note it.</param>
    /// <exception cref="CryptographicException">There is none, or its key is not on P-256.</exception>
    public SvidProof(SvidFiles files, Action<string>? unusable = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        _files = files;
        _unusable = unusable ?? (_ => { });
        var svid = files.Current ?? throw new CryptographicException("no SVID can be read");
        _current = (svid, Make(svid) ?? throw new CryptographicException(WrongKey(svid)));
    }

    /// <summary>The SPIFFE id that is shown now.</summary>
    public string Identity => _current.Svid.Identity;

    /// <inheritdoc/>
    public ConsumerProof Current
    {
        get
        {
            lock (_gate)
            {
                // An SVID that the anchors' connections cannot carry is not taken: the one before goes on.
                if (_files.Current is { } svid && svid != _current.Svid)
                {
                    var made = Make(svid);
                    _current = (svid, made ?? _current.Proof);
                    if (made is null)
                    {
                        _unusable($"{WrongKey(svid)}; the one before is shown on");
                    }
                }

                return _current.Proof;
            }
        }
    }

    private static string WrongKey(Svid svid) =>
        $"the SVID of {svid.Identity} has no P-256 key, which connections to anchors need; have ec-p256 keys made";

    // V4: keys of connections are on P-256, whatever a trust domain signs besides.
    private static ConsumerProof? Make(Svid svid)
    {
        try
        {
            return new ConsumerProof(new TlsIdentity(svid.Leaf, svid.Context), null);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
