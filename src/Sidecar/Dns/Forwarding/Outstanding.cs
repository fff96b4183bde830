using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The spellings that are under way to upstreams. A question that comes in with one of them went round in a circle:
/// nobody else draws the same case for so many letters. Thread-safe.
/// </summary>
internal sealed class Outstanding
{
    /// <summary>With fewer letters another client's spelling may be the same by chance (1 in 4,096).</summary>
    private const int LettersMin = 12;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _spellings = new(StringComparer.Ordinal);

    internal void Add(DnsName name)
    {
        lock (_gate)
        {
            var key = Key(name);
            _spellings[key] = _spellings.GetValueOrDefault(key) + 1;
        }
    }

    internal void Remove(DnsName name)
    {
        lock (_gate)
        {
            var key = Key(name);
            if (--_spellings[key] == 0)
            {
                _spellings.Remove(key);
            }
        }
    }

    /// <summary>Whether a question of this spelling is one of ours.</summary>
    internal bool IsOurs(DnsName name)
    {
        var key = Key(name);
        if (key.Count(char.IsAsciiLetter) < LettersMin)
        {
            return false;
        }

        lock (_gate)
        {
            return _spellings.ContainsKey(key);
        }
    }

    private static string Key(DnsName name) => Encoding.Latin1.GetString(name.Wire);
}
