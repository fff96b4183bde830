namespace Fairlead.Sidecar.Dns;

/// <summary>What an OPT record says (RFC 6891 section 6.1). Immutable, thread-safe.</summary>
/// <param name="UdpSize">The largest datagram that its sender takes, in bytes; below 512 means 512.</param>
/// <param name="ExtendedRcode">The upper eight bits of the response code.</param>
/// <param name="Version">0 is the only one there is.</param>
/// <param name="DnssecOk">Whether DNSSEC records are wanted.</param>
/// <param name="Errors">Extended errors, in order.</param>
internal sealed record Edns(
    ushort UdpSize, byte ExtendedRcode, byte Version, bool DnssecOk, IReadOnlyList<ExtendedError> Errors)
{
    internal const ushort UdpSizeMin = 512;

    /// <summary>What this side says of itself: no datagram that a path could fragment.</summary>
    internal const ushort OwnUdpSize = 1232;

    internal const ushort DnssecOkFlag = 0x8000;
}

/// <summary>Why there is no answer, for people (RFC 8914). Immutable.</summary>
/// <param name="Code">The reason's number.</param>
/// <param name="Text">What adds to it; ASCII, at most <see cref="TextMax"/> bytes are sent.</param>
internal sealed record ExtendedError(ExtendedErrorCode Code, string Text)
{
    internal const int TextMax = 200;
    internal const ushort OptionCode = 15;
}

/// <summary>The reasons used here, by their registered numbers (RFC 8914 section 5.2).</summary>
internal enum ExtendedErrorCode : ushort
{
    Other = 0,
    StaleAnswer = 3,
    NotReady = 14,
    Prohibited = 18,
    NotAuthoritative = 20,
    NotSupported = 21,
    NoReachableAuthority = 22,
    NetworkError = 23,
}
