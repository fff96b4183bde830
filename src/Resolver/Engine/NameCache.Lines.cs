using Fairlead.Naming;

namespace Fairlead.Resolver;

/// <content>
/// How many names of a segment are asked for at once. Of thousands that are wanted in one instant the last answers
/// would be late for no fault of an anchor, and older by then than what the first ones showed; so an anchor's silence
/// is told from its load, and each question says what is known when it is asked. One segment's names wait for no
/// other's.
/// </content>
public sealed partial class NameCache
{
    private readonly Dictionary<string, AskLine> _lines = new(StringComparer.Ordinal);

    // In which somebody may have a turn after this step.
    private readonly Queue<AskLine> _moving = new();

    private AskLine LineOf(NameEntry entry)
    {
        var segment = entry.Line?.Segment ?? SegmentOf(entry.Name);
        if (!_lines.TryGetValue(segment, out var line))
        {
            _lines[segment] = line = new AskLine(segment, _options.AsksMax);
        }

        return entry.Line = line;
    }

    // It was answered, or is not waited for any more.
    private void LeaveLine(NameEntry entry)
    {
        entry.AnswerDue = long.MaxValue;
        if (entry.HasPlace || entry.Waiting is not null)
        {
            Free(entry);
        }
    }

    // It is waited for on, and holds up nobody.
    private void GivePlace(NameEntry entry)
    {
        if (entry.HasPlace)
        {
            Free(entry);
        }
    }

    private void Free(NameEntry entry)
    {
        entry.Line!.Leave(entry);
        _moving.Enqueue(entry.Line);
    }

    // All Sets are of one, which has no name.
    private static string SegmentOf(string name) =>
        !FullName.TryParse(name, out var full, out _) ? name : full.Segment?.Text ?? "";

    private void AskNext(CacheTime now)
    {
        while (_moving.TryDequeue(out var line))
        {
            while (line.Next() is { } entry)
            {
                if (entry.IsRenewing)
                {
                    Renew(entry, now);
                }
                else
                {
                    Ask(entry, now);
                }

                _due.Put(entry);
            }

            if (line.IsEmpty && _lines.GetValueOrDefault(line.Segment) == line)
            {
                _lines.Remove(line.Segment);
            }
        }
    }
}
