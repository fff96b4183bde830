namespace Fairlead.Xds;

/// <summary>A response that awaits its acknowledgement.</summary>
internal sealed record SentResponse(string Nonce, string Version, IReadOnlyList<Resource> Resources, TimeSpan At);
