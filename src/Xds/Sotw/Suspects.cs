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
/// <para>Each refusal holds back one resource until it changes, or halves the suspects: of N that are new all are
/// found in less than 2 N responses, however many are bad. Who has refused <see cref="RefusalsMax"/> without an end is
/// asked seldom from then on.</para>
/// <para>Of a client that comes back from before a restart nothing is known but the version of what it holds. That
/// marks what was to blame, and brings what it holds of such names in an older form (<see cref="SotwVersion"/>): the
/// marked are left out of its first response, or stand in it as they are held, whatever else has changed, and are tried
/// again when it has taken one, or is taken to have. Where it refuses that and holds by its version all of it but one
/// resource, or two, those are new to it; else it is sent all the rest until it takes it, since what would be left out
/// might be what works. An Envoy takes the good of that. One that cannot read something which changed while the sidecar
/// was away keeps what it has until that changes again: the state of the world has no way to say so of one name.</para>
/// <para>Those that wait for a word on the others do not wait for ever: an Envoy says nothing while anything of what it
/// took warms.</para>
/// </remarks>
internal sealed class Suspects(TypeState state)
{
    private const int RefusalsMax = 64;

    // The nonce of what was refused on an earlier stream.
    private const string Before = "before";

    private static readonly TimeSpan Seldom = TimeSpan.FromSeconds(1);

    private readonly Stack<List<Resource>> _waiting = new();
    private IReadOnlyList<Resource> _taken = [];
    private (string? Nonce, IReadOnlyList<Resource> Before) _presumed = (null, []);
    private readonly List<Resource> _inDoubt = [];

    // What a client that came back holds in place of what it refused before, by name.
    private Dictionary<string, Resource> _older = [];
    private int _refusals;

    /// <summary>How long there is to be between two responses.</summary>
    public TimeSpan Pause => _refusals > RefusalsMax ? Seldom : TimeSpan.Zero;

    /// <summary>How many groups wait for the client's word on others.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>The client took a response: it holds that and nothing else.</summary>
    /// <returns>Whether there is more to be tried.</returns>
    public bool Take(SentResponse response)
    {
        _taken = response.Resources;
        _presumed = (null, []);
        TryDoubtful();
        return !state.Waiting && TryNext();
    }

    /// <summary>A client that came back refused a response: by the version that it came with, which is a sum over what
    /// it holds, it holds all of that but one resource, or but two.</summary>
    /// <returns>Whether it does.</returns>
    public bool Recognize(SentResponse response, string version)
    {
        if (SotwVersion.SumOf(version) is not { } held)
        {
            return false;
        }

        var all = response.Resources.Select(one => _older.GetValueOrDefault(one.Name, one))
            .DistinctBy(one => one.Fingerprint).ToDictionary(one => one.Fingerprint);
        var missing = all.Keys.Aggregate(UInt128.Zero, static (sum, one) => sum + one) - held;
        Resource[] news = all.TryGetValue(missing, out var single) ? [single]
            : all.Keys.FirstOrDefault(one => missing - one != one && all.ContainsKey(missing - one)) is var first
                && all.TryGetValue(first, out var one) ? [one, all[missing - first]]
            : [];
        var isKnown = news.Length > 0 || (missing == 0 && _older.Count > 0);
        _taken = isKnown ? [.. all.Values.Except(news)] : _taken;
        return isKnown;
    }

    /// <summary>A client came back: what its version marks is left out until it has taken a response, or is sent as it
    /// holds it. To be called once.</summary>
    /// <param name="version">The version that it came with.</param>
    /// <param name="all">All that it would be sent.</param>
    public void Resume(string version, IEnumerable<Resource> all)
    {
        var marks = SotwVersion.MarksOf(version);
        var refused = marks.Count == 0 ? [] : all.Where(one => marks.Contains(SotwVersion.MarkOf(one))).ToList();
        _older = SotwVersion.FormsOf(state.Type, version);
        if (refused.Count == 0)
        {
            return;
        }

        foreach (var one in refused)
        {
            state.Withheld.Add(one, new Refused(Before, version, 0, "refused before"));
            state.Restore(one.Name, _older.GetValueOrDefault(one.Name));
        }

        _waiting.Push(refused);
    }

    /// <summary>The client has said nothing to the last response for so long that it is taken to hold it: who refuses
    /// says so at once. What is found to blame by that is tried again when it has said something.</summary>
    public void Presume()
    {
        _presumed = (state.LastNonce, _presumed.Nonce is null ? _taken : _presumed.Before);
        _taken = [.. state.Sent.Values];
    }

    /// <summary>Whether the client is taken to hold one that was sent before this one. It is not where this is the one:
    /// then it had refused it.</summary>
    public bool IsPresumed(SentResponse refused)
    {
        if (refused.Nonce == _presumed.Nonce)
        {
            Doubt();
        }

        return _presumed.Nonce is not null;
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
        if (response.Nonce == _presumed.Nonce)
        {
            Doubt();
        }

        var taken = ByName(_taken);
        var all = response.Resources
            .Where(one => taken.GetValueOrDefault(one.Name)?.Fingerprint != one.Fingerprint).ToList();

        // Nothing is new in it, or a newer one is on its way, to which it will say something too.
        if (all.Count == 0 || state.Waiting)
        {
            return false;
        }

        _refusals++;
        Restore(response, taken);
        var named = all.Where(one => IsNamed(words.Message, one.Name)).ToList();
        if (_presumed.Nonce is not null && named.Count == 0 && all.Count == 1)
        {
            // To blame, or what it is taken to hold is, and its word on that was lost: that is sent once more.
            state.Withheld.Add(all[0], words, isToBlame: false);
            _inDoubt.Add(all[0]);
            Doubt();
            Restore(response, ByName(_taken));
            return true;
        }

        if (_presumed.Nonce is null)
        {
            TryDoubtful();
        }

        HoldBack(all, named.Count == 0 && all.Count == 1 ? all : named, words);
        return true;
    }

    private void HoldBack(List<Resource> all, List<Resource> toBlame, Refused words)
    {
        toBlame.ForEach(one => state.Withheld.Add(one, words));
        if (toBlame.Count == 0)
        {
            var half = all.GetRange(all.Count / 2, all.Count - (all.Count / 2));
            half.ForEach(one => state.Withheld.Add(one, words, isToBlame: false));
            _waiting.Push(half);
        }
        else if (toBlame.Count == all.Count)
        {
            TryNext();
        }
    }

    private void Doubt()
    {
        _taken = _presumed.Before;
        _presumed = (null, []);
    }

    private void TryDoubtful()
    {
        if (_inDoubt.Count > 0)
        {
            _waiting.Push([.. _inDoubt]);
            _inDoubt.Clear();
        }
    }

    private static Dictionary<string, Resource> ByName(IReadOnlyList<Resource> resources) =>
        resources.ToDictionary(one => one.Name, StringComparer.Ordinal);

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
