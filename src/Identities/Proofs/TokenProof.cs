namespace Fairlead.Identities;

/// <summary>
/// Proof by a Kubernetes service-account token in a projected file, made for the home's anchors as audience. It goes
/// with each question, to anchors whose key is verified and to nobody else. Thread-safe; the last good one stays in
/// use.
/// </summary>
public sealed class TokenProof : IConsumerProof
{
    private readonly RotatedFiles<ServiceAccountToken> _file;
    private readonly Lock _gate = new();
    private (ServiceAccountToken Token, ConsumerProof Proof) _current;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The projected file.</param>
    /// <param name="time">The clock of the pause between two looks.</param>
    /// <param name="unreadable">Hears why a renewed file cannot be used; no part of a token is in it.</param>
    /// <exception cref="FormatException">It holds no token of a service account, or cannot be read.</exception>
    public TokenProof(string path, TimeProvider time, Action<string>? unreadable = null)
    {
        var problem = "it cannot be read";
        _file = new RotatedFiles<ServiceAccountToken>(
            [path], ServiceAccountToken.BytesMax, contents => ServiceAccountToken.Read(contents[0]), time)
        {
            Unreadable = reason =>
            {
                problem = reason;
                unreadable?.Invoke(reason);
            },
        };
        var token = _file.Current ?? throw new FormatException($"token file {path}: {problem}");
        _current = (token, new ConsumerProof(null, token.Text));
    }

    /// <summary>Whom the token names now.</summary>
    public Naming.Subject Subject => _current.Token.Subject;

    /// <inheritdoc/>
    public ConsumerProof Current
    {
        get
        {
            lock (_gate)
            {
                // Another account's token is not this pod's renewal.
                if (_file.Current is { } token && token != _current.Token && token.Subject == _current.Token.Subject)
                {
                    _current = (token, new ConsumerProof(null, token.Text));
                }

                return _current.Proof;
            }
        }
    }
}
