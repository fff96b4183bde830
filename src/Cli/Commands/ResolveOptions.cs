namespace Fairlead.Cli.Commands;

/// <summary>What <c>fairlead resolve</c> was told, unchecked.</summary>
internal sealed record ResolveOptions
{
    /// <summary>The name.</summary>
    internal required string Name { get; init; }

    /// <summary>The bootstrap file.</summary>
    internal required string Bootstrap { get; init; }

    /// <summary>The key file; null where a token or an SVID proves the asker.</summary>
    internal string? Key { get; init; }

    /// <summary>The file of a service-account token; null for none.</summary>
    internal string? Token { get; init; }

    /// <summary>The certificate file of an SVID; null for none.</summary>
    internal string? SpiffeCertificate { get; init; }

    /// <summary>The key file of an SVID; null for none.</summary>
    internal string? SpiffeKey { get; init; }

    /// <summary>namespace/account; null = as the bootstrap file maps the key.</summary>
    internal string? Subject { get; init; }

    /// <summary>The folder of the verifier's state; null = remember nothing.</summary>
    internal string? State { get; init; }

    /// <summary>The file to save the answer to; null = none.</summary>
    internal string? Save { get; init; }

    /// <summary>Development only.</summary>
    internal bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <summary>Whether every hop's evidence is shown.</summary>
    internal bool IsTrace { get; init; }

    /// <summary>Whether it is shown why the answer is what it is.</summary>
    internal bool IsExplained { get; init; }

    /// <summary>Whether JSON is written.</summary>
    internal bool IsJson { get; init; }

    /// <summary>Whether colours are refused.</summary>
    internal bool NoColour { get; init; }
}
