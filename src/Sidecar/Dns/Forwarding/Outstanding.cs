using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The questions that are under way to upstreams. One that comes in with the spelling of one of them went round in a
/// circle: nobody else draws the same case for so many letters. With few letters another client that draws spellings
/// may have the same by chance, so that such a question is one of a circle only where several of it are under way;
/// clients that draw none never have ours, which hold an upper letter. Thread-safe.
/// </summary>
internal sealed class Outstanding
{
    /// <summary>With fewer letters another client's spelling may be the same by chance (1 in 4,096).</summary>
    private const int LettersMin = 12;

    /// <summary>So often a question of fewer letters goes round.</summary>
    private const int RoundsMax = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _spellings = new(StringComparer.Ordinal);
    private readonly Dictionary<DnsQuestion, int> _questions = [];

    internal void Add(DnsQuestion question)
    {
        lock (_gate)
        {
            var key = Key(question.Name);
            _spellings[key] = _spellings.GetValueOrDefault(key) + 1;
            _questions[question] = _questions.GetValueOrDefault(question) + 1;
        }
    }

    internal void Remove(DnsQuestion question)
    {
        lock (_gate)
        {
            var key = Key(question.Name);
            if (--_spellings[key] == 0)
            {
                _spellings.Remove(key);
            }

            if (--_questions[question] == 0)
            {
                _questions.Remove(question);
            }
        }
    }

    /// <summary>Whether a question goes round in a circle.</summary>
    internal bool IsCircle(DnsQuestion question)
    {
        var key = Key(question.Name);
        lock (_gate)
        {
            return _spellings.ContainsKey(key)
                && (key.Count(char.IsAsciiLetter) >= LettersMin
                    || _questions.GetValueOrDefault(question) >= RoundsMax);
        }
    }

    private static string Key(DnsName name) => Encoding.Latin1.GetString(name.Wire);
}
