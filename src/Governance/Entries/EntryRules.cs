using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>The checks of a read entry that depend on time and on what its name held before (V45).</summary>
internal static class EntryRules
{
    /// <summary>Version and times against t: the proposal's, so that an entry valid once stays so or expires.</summary>
    internal static Refusal? CheckTime(Entry entry, long t, long delta)
    {
        if (entry.Version > t + delta || entry.Issued > t + delta)
        {
            return Refuse(entry, VerificationFailure.FromFuture, "its version or issue is ahead of the clock");
        }

        return entry.IsDroppable(t, delta) ? Refuse(entry, VerificationFailure.RecordExpired, "expired") : null;
    }

    /// <summary>
    /// Ends when policy and Credential allow it, or when its name did already: an epoch that allows less must not lock
    /// what is published, since no version may end before the one it replaces, nor live longer than that by an older
    /// issue. What the name held when the epoch began counts for all anchors alike and for as long as the epoch: what
    /// one of them signed the others take, also where states are merged.
    /// </summary>
    internal static Refusal? CheckEnd(Entry entry, Chain chain)
    {
        if (entry.Expires <= entry.EndsAtMost || Keeps(entry, chain.Start.Find(entry.Name)))
        {
            return null;
        }

        // The epoch may have begun with another handover than the one known here, or with one that is not known. Behind
        // the same one an honest publisher's versions never get here: each is issued no earlier than the one before.
        return Keeps(entry, chain.State.Find(entry.Name))
            ? null
            : Refuse(
                entry, VerificationFailure.PolicyOutOfRange,
                $"ends at {entry.Expires}, policy and Credential allow {entry.EndsAtMost}, and its name held nothing "
                + "that ends so late");
    }

    /// <summary>
    /// Above the entry that it would replace. Where states are merged behind a failed slot this is all: a merge that
    /// could be refused for what two anchors signed apart would stop every later seal.
    /// </summary>
    internal static Refusal? CheckOrder(Entry entry, Entry? old) => old is null || entry.IsAbove(old)
        ? null
        : Refuse(entry, VerificationFailure.RecordRollback, $"version {old.Version} is held");

    /// <summary>The entry that it would replace: lower, not outliving it, of the same uid.</summary>
    internal static Refusal? CheckAgainst(Entry entry, Entry? old)
    {
        if (old is null || CheckOrder(entry, old) is not null)
        {
            return CheckOrder(entry, old);
        }

        if (entry.Expires < old.Expires)
        {
            return Refuse(entry, VerificationFailure.RecordRollback, "expires before the version it replaces");
        }

        return entry.Uid != old.Uid
            ? Refuse(entry, VerificationFailure.UidChanged, $"the uid held is {old.Uid}")
            : null;
    }

    /// <summary>Whether two entries contradict each other: one version, one key, two contents.</summary>
    internal static bool Equivocate(Entry one, Entry two) =>
        one.Name == two.Name && one.Version == two.Version && one.Rank == two.Rank
        && one.Publisher == two.Publisher && one.Digest != two.Digest;

    private static bool Keeps(Entry entry, Entry? held) =>
        held is not null && entry.Issued >= held.Issued && entry.Expires <= held.Expires;

    private static Refusal Refuse(Entry entry, VerificationFailure failure, string detail) =>
        new(failure, entry.Name.ToString(), detail);
}
