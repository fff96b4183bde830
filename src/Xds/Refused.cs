namespace Fairlead.Xds;

/// <summary>A client's refusal of a response, or why it is not sent a resource that it asks for.</summary>
/// <param name="Nonce">The nonce that the client named; empty if it named none, and where it was not asked.</param>
/// <param name="Version">The version of that response, or what the client said if the response is not known.</param>
/// <param name="Code">The client's code; differs between clients and means little, 0 included.</param>
/// <param name="Message">The client's words, cut.</param>
/// <param name="At">When it came, from the stream's beginning on.</param>
public sealed record Refused(string Nonce, string Version, int Code, string Message, TimeSpan At = default);
