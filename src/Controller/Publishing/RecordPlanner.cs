using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>
/// Decides what one name needs. Pure.
/// <list type="number">
/// <item>Nothing is signed whose content is published already and lives long enough.</item>
/// <item>Versions rise: the publisher's clock in ms, or one more than the last (trust 4.1): no counter to lose.</item>
/// <item>It is issued at its version, unless it ends before: anchors bound both alike, and what they allow of an end
/// they count from there, so that by a clock behind the last version's no end is too late.</item>
/// <item>The uid stays, also over a withdrawal.</item>
/// <item>The expiry never falls (V45, <c>RecordRollback</c>). A withdrawal has that of what it withdraws, which no
/// policy refuses: every older version is over by then.</item>
/// <item>Nothing new ends after the publisher's Credential does, and after that nothing is signed but withdrawals.
/// </item>
/// <item>What is signed was desired here, or signed with this key before: nothing is on the word of anchors.</item>
/// </list>
/// </summary>
internal sealed class RecordPlanner(TimeSpan recordLife)
{
    private long _life = (long)recordLife.TotalMilliseconds;

    /// <summary>When the publisher's Credential ends, unix ms; <see cref="long.MaxValue"/> where nobody said.</summary>
    public long End { get; set; } = long.MaxValue;

    /// <summary>How long a record that is signed now lives, in ms.</summary>
    public long Life => _life;

    /// <summary>When what is signed now ends at most, if its name held nothing that ends later, unix ms.</summary>
    /// <param name="now">Unix ms.</param>
    public long EndOf(long now) => Math.Min(now + _life, End);

    /// <summary>From now on no record lives longer than the segment's policy allows.</summary>
    /// <param name="lifeMax">In ms.</param>
    public void Allow(long lifeMax) => _life = Math.Min((long)recordLife.TotalMilliseconds, lifeMax);

    /// <summary>The version to sign now; null when the name is as it should be.</summary>
    /// <param name="name">The service part.</param>
    /// <param name="desired">What should be published; null for nothing.</param>
    /// <param name="isKept">Whether what is published must stay where nothing is desired.</param>
    /// <param name="last">The newest version known.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="drawUid">Called for a name that has no uid yet.</param>
    public Plan? Next(string name, Content? desired, bool isKept, KnownLeaf? last, long now, Func<Hex16> drawUid)
    {
        if (desired is not null)
        {
            var isCurrent = last is { IsDisputed: false, Content: { } held }
                && held.Fingerprint == desired.Fingerprint && now < RenewalOf(last);
            return isCurrent || End <= now ? null : Of(last ?? new(name, drawUid(), 0, 0, null), desired, now);
        }

        if (last?.Content is not { } published || last.Expires <= now)
        {
            return null;
        }

        if (isKept)
        {
            return now < RenewalOf(last) || last.IsClaimed || End <= now ? null : Of(last, published, now);
        }

        return Of(last, null, now);
    }

    /// <summary>When <paramref name="leaf"/> is renewed, unix ms: with a third of its life left, names apart from each
    /// other by up to a tenth, so that records of one moment are not renewed in one. What is only claimed counts as
    /// signed no earlier than its version and to live no longer than what is signed now. Never where it ends no sooner
    /// than the Credential: a renewal would gain nothing.</summary>
    public long RenewalOf(KnownLeaf leaf)
    {
        var spread = (leaf.Uid.ToArray()[0] * _life) / (10 * 256);
        var end = leaf.IsClaimed ? Math.Min(leaf.Expires, leaf.Version + _life) : leaf.Expires;
        return end >= End ? long.MaxValue : end - (_life / 3) - spread;
    }

    private Plan Of(KnownLeaf last, Content? content, long now)
    {
        var leaf = last with
        {
            Version = Math.Max(last.Version + 1, now),
            Expires = content is null ? last.Expires : Math.Max(last.Expires, EndOf(now)),
            Content = content,
            IsClaimed = false,
            IsDisputed = false,
        };
        return new(content, leaf, Math.Min(leaf.Version, leaf.Expires - 1));
    }
}
