using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// Finds what a client refuses of responses that say all of a type, so that it does not keep the client from the rest:
/// what it refused is held back, and what is not to blame is sent again. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>To blame is something that the client was not known to hold. An Envoy applies none of a response that has a
/// resource that it cannot read, and says nothing of which it is; of others it applies what is good and names what is
/// not (source/common/upstream/cds_api_helper.cc). So what the client's words name is held back, and where they name
/// nothing, half of what is new to it: as it has none of that, nothing that works is taken from it by being left out.
/// Of a resource that it holds in an older form, that is what it is sent meanwhile.</para>
/// <para>Each refusal holds back one resource for good, or halves the suspects; after <see cref="RefusalsMax"/>
/// without an end all of them are held back until they change.</para>
/// </remarks>
internal sealed class Suspects(TypeState state)
{
    private const int RefusalsMax = 64;

    private readonly Stack<List<Resource>> _waiting = new();
    private IReadOnlyList<Resource> _taken = [];
    private int _refusals;

    /// <summary>The client took a response: it holds that and nothing else.</summary>
    /// <returns>Whether there is more to be tried.</returns>
    public bool Take(SentResponse response)
    {
        _taken = response.Resources;
        return !state.Waiting && TryNext();
    }

    /// <summary>Tries those that have waited.</summary>
    /// <returns>Whether there are any.</returns>
    public bool TryNext()
    {
        if (!_waiting.TryPop(out var next))
        {
            _refusals = 0;
            return false;
        }

        next.ForEach(state.Withheld.Release);
        return true;
    }

    /// <summary>The client refused a response.</summary>
    /// <returns>Whether there is another one to be tried.</returns>
    public bool Refuse(SentResponse response, Refused words)
    {
        var taken = _taken.ToDictionary(one => one.Name, StringComparer.Ordinal);
        var all = response.Resources
            .Where(one => taken.GetValueOrDefault(one.Name)?.Fingerprint != one.Fingerprint).ToList();

        // Nothing is new in it, or a newer one is on its way, to which it will say something too.
        if (all.Count == 0 || state.Waiting)
        {
            return false;
        }

        Restore(response, taken);
        var named = all.Where(one => IsNamed(words.Message, one.Name)).ToList();
        if (++_refusals > RefusalsMax)
        {
            _waiting.Clear();
            named = all;
        }

        if (named.Count == 0 && all.Count == 1)
        {
            named = all;
        }

        named.ForEach(one => state.Withheld.Add(one, words));
        if (named.Count == 0)
        {
            var half = all.GetRange(all.Count / 2, all.Count - (all.Count / 2));
            half.ForEach(one => state.Withheld.Add(one, words));
            _waiting.Push(half);
        }
        else if (named.Count == all.Count)
        {
            TryNext();
        }

        return true;
    }

    // What it holds for certain, as if the response had never been.
    private void Restore(SentResponse response, Dictionary<string, Resource> taken)
    {
        foreach (var name in response.Resources.Select(one => one.Name).Union(taken.Keys, StringComparer.Ordinal))
        {
            state.Restore(name, taken.GetValueOrDefault(name));
        }
    }

    private static bool IsNamed(string words, string name)
    {
        for (var at = 0; (at = words.IndexOf(name, at, StringComparison.Ordinal)) >= 0; at++)
        {
            if ((at == 0 || !IsOfName(words[at - 1])) && !GoesOn(words.AsSpan(at + name.Length)))
            {
                return true;
            }
        }

        return false;
    }

    // A name of a port follows its host's, and a sentence's full stop is none of a name's.
    private static bool GoesOn(ReadOnlySpan<char> rest) => rest.Length > 0 && IsOfName(rest[0])
        && (char.IsLetterOrDigit(rest[0]) || (rest.Length > 1 && char.IsLetterOrDigit(rest[1])));

    private static bool IsOfName(char one) =>
        char.IsLetterOrDigit(one) || one is '.' or ':' or '/' or '-' or '_' or '|';
}
