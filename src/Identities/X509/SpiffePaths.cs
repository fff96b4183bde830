namespace Fairlead.Identities;

/// <summary>The files of a pod's X.509 SVID, as SPIFFE helpers and CSI drivers write them. Immutable.</summary>
/// <param name="Certificate">The certificate and what is between it and its authority, PEM.</param>
/// <param name="Key">Its private key, PEM.</param>
/// <param name="Bundle">The authorities of the pod's own trust domain, PEM; null where none are needed.</param>
public sealed record SpiffePaths(string Certificate, string Key, string? Bundle);
