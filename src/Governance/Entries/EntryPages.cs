namespace Fairlead.Governance;

/// <summary>
/// Entries as messages hold them: so many, and so many bytes, that a message can be sent, and at least one. Stateless.
/// </summary>
internal static class EntryPages
{
    /// <summary>The first entries, as many as one message holds.</summary>
    internal static IReadOnlyList<SignedEntry> First(IEnumerable<Entry> entries)
    {
        var page = new List<SignedEntry>();
        var bytes = 0L;
        foreach (var entry in entries.Take(SealLimits.EntriesPerMessage))
        {
            bytes += entry.Bytes;
            if (bytes > SealLimits.MessageBytes && page.Count > 0)
            {
                break;
            }

            page.Add(entry.Source);
        }

        return page;
    }

    /// <summary>All entries, in order, in as many messages as they need.</summary>
    internal static IEnumerable<IReadOnlyList<SignedEntry>> All(IReadOnlyList<Entry> entries)
    {
        for (var at = 0; at < entries.Count;)
        {
            var page = First(entries.Skip(at));
            at += page.Count;
            yield return page;
        }
    }
}
