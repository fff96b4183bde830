using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Rpc;

namespace Fairlead.Xds.Sotw;

/// <summary>What a stream needs of a DiscoveryRequest. Immutable.</summary>
/// <param name="TypeUrl">The type; empty where none is said.</param>
/// <param name="Names">The full list of names: the same object as in the request of that type before, where it is the
/// same list.</param>
/// <param name="Nonce">The nonce of the response that it answers; empty for none.</param>
/// <param name="Version">The version that the client holds; empty for none, and where the list is the same as before
/// and nothing is refused, when nobody asks.</param>
/// <param name="Node">Who asks; null where it is not said, and likewise.</param>
/// <param name="Error">Why the response is refused; null where it is not.</param>
internal sealed record SotwRequest(
    string TypeUrl, NameList Names, string Nonce, string Version = "", Node? Node = null, Status? Error = null);
