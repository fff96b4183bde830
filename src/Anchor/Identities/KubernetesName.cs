using System.Buffers;
using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>The form of a namespace's or service account's name: a DNS subdomain. Stateless.</summary>
internal static class KubernetesName
{
    private const int LengthMax = 253;
    private static readonly SearchValues<char> Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    internal static bool IsValid(Subject subject) => IsValid(subject.Namespace) && IsValid(subject.Account);

    private static bool IsValid(string name) =>
        name.Length is > 0 and <= LengthMax && !name.AsSpan().ContainsAnyExcept(Letters)
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);
}
