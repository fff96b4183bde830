namespace Fairlead.Anchor.Identities;

/// <summary>An issuer whose service-account tokens prove pods of the own segment. Immutable.</summary>
/// <param name="Issuer">Its name, as in <c>iss</c>.</param>
/// <param name="Audience">The audience that tokens for these anchors are made for; one among several in <c>aud</c>
/// does.</param>
/// <param name="Keys">The file of its public keys, a JSON Web Key Set; read anew when it changes.</param>
internal sealed record TokenIssuer(string Issuer, string Audience, string Keys);
