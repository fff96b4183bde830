using System.Text.Json;
using Fairlead.Hosting;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// The admin pages <c>/ready</c>, <c>/status</c> and <c>/denials</c>, and for the kubelet and Prometheus <c>/ready</c>
/// and <c>/metrics</c>. An anchor is ready while it holds a valid seal. Thread-safe.
/// </summary>
internal sealed class AnchorPages(Func<AnchorStatus> status, AnchorMetrics counters, TimeProvider time)
{
    /// <summary>For operators on this machine.</summary>
    internal IReadOnlyDictionary<string, PageSource> Admin => new Dictionary<string, PageSource>(StringComparer.Ordinal)
    {
        ["/ready"] = _ => new(WithStatus(IsReady(status()) ? 200 : 503)),
        ["/status"] = _ => new(WithStatus(200)),
        ["/denials"] = _ => new(DenialsPage.Of(status().Denials.All)),
    };

    /// <summary>For everybody who can reach the port.</summary>
    internal IReadOnlyDictionary<string, PageSource> Metrics =>
        new Dictionary<string, PageSource>(StringComparer.Ordinal)
    {
        ["/ready"] = _ => new(Page.Readiness(IsReady(status()) ? null : "no valid seal is held")),
        ["/metrics"] = _ => new(Numbers.ToPage()),
    };

    private bool IsReady(AnchorStatus now) => now.View?.IsValid(time.GetUtcNow().ToUnixTimeMilliseconds()) == true;

    /// <summary>The numbers of now.</summary>
    internal MetricsText Numbers => NumbersOf(status());

    private MetricsText NumbersOf(AnchorStatus now) => new MetricsText()
        .Gauge("fairlead_anchor_ready", "1 while a valid seal is held.", IsReady(now) ? 1 : 0)
        .Gauge("fairlead_anchor_epoch", "The number of the newest epoch.", now.Epoch)
        .Gauge("fairlead_anchor_seal_seq", "The number of the newest certified seal in its epoch.",
            now.View?.Certified.Seal.Seq ?? 0)
        .Gauge("fairlead_anchor_entries", "Published entries under the newest seal.",
            now.View?.Certified.State.EntryCount ?? 0)
        .Gauge("fairlead_anchor_entries_pending", "Entries that wait to be sealed.", now.Sealing.Pending)
        .Counter("fairlead_anchor_seals_total", "Newer certified seals that came into hand.", counters.Seals.Value)
        .Counter("fairlead_anchor_epochs_total", "Epochs whose first seal was published here.", counters.Epochs.Value)
        .Counter(
            "fairlead_anchor_entries_accepted_total", "Entries offered here that passed every check.",
            counters.Accepted.Value)
        .Counter(
            "fairlead_anchor_entries_refused_total", "Entries offered here that were refused.", "failure",
            counters.Refused.Values)
        .Counter("fairlead_anchor_inputs_dropped_total",
            "What sealing was too far behind to take.", now.Dropped)
        .Gauge("fairlead_anchor_strangers", "Connections on which nobody was accepted yet.",
            now.Strangers.Connections)
        .Gauge("fairlead_anchor_strangers_bytes", "Bytes held for calls on them.", now.Strangers.Bytes)
        .Counter("fairlead_anchor_strangers_refused_total",
            "Connections and calls of strangers that were refused or closed.", "reason",
            counters.StrangersRefused.Values)
        .Gauge("fairlead_anchor_streams", "Open subscription streams.", now.Streams)
        .Gauge("fairlead_anchor_upstream_names", "Names subscribed to in other segments, each once for all who ask.",
            now.Upstream.Names)
        .Gauge("fairlead_anchor_upstream_streams", "Streams over which they are.", now.Upstream.Streams)
        .Gauge("fairlead_anchor_peers_connected", "Other anchors of the segment to which the connection works.",
            now.Peers.Count(p => p.IsConnected))
        .Gauge("fairlead_anchor_introductions", "Segments to which a way over transits is held.",
            now.Introductions.Length)
        .Counter("fairlead_anchor_introduced_total", "Hops given to the anchors of other segments.", now.Introduced)
        .Counter("fairlead_anchor_answers_total", "Questions answered, by the segment whose pods asked.", "consumer",
            now.Answers.ByConsumer)
        .Counter("fairlead_anchor_answers_scope_total",
            "Questions answered within this segment, out of it to another, or in from another.", "scope",
            now.Answers.ByScope)
        .Counter("fairlead_anchor_answers_failed_total", "Questions that got no answer.", "failure",
            now.Answers.Failures)
        .Gauge("fairlead_anchor_not_archived_seconds",
            "For how long the archive could not be written, while the journal grows; 0 where it can be.",
            now.NotArchived is { } failure
                ? Math.Max(0, (time.GetUtcNow().ToUnixTimeMilliseconds() - failure.Since) / 1000.0)
                : 0)
        .Gauge("fairlead_anchor_store_rolled_back", "1 where the store was replaced or restored.",
            now.StoreAlarm is null ? 0 : 1);

    private Page WithStatus(int code) => Page.Json(code, json => Write(json, status()));

    private void Write(Utf8JsonWriter json, AnchorStatus now)
    {
        json.WriteStartObject();
        json.WriteBoolean("ready", IsReady(now));
        json.WriteString("id", now.Id);
        json.WriteString("segment", now.Segment);
        json.WriteString("genesis", now.Genesis.ToString());
        json.WriteNumber("epoch", now.Epoch);
        if (now.View?.Certified is { } certified)
        {
            json.WriteStartObject("seal");
            json.WriteNumber("epoch", certified.Seal.Epoch);
            json.WriteNumber("seq", certified.Seal.Seq);
            json.WriteNumber("issued", certified.Seal.Issued);
            json.WriteNumber("expires", certified.Seal.Expires);
            json.WriteNumber("count", certified.Seal.Count);
            json.WriteEndObject();
            json.WriteNumber("entries", certified.State.EntryCount);
        }

        json.WriteNumber("term", now.Sealing.Term);
        json.WriteString("leader", now.Sealing.Leader);
        json.WriteNumber("pending", now.Sealing.Pending);
        if (now.StoreAlarm is { } alarm)
        {
            json.WriteString("alarm", $"StoreRolledBack: {alarm}");
        }

        if (now.NotArchived is { } failure)
        {
            json.WriteStartObject("not_archived");
            json.WriteNumber("since", failure.Since);
            json.WriteString("reason", failure.Reason);
            json.WriteEndObject();
        }

        json.WriteStartArray("peers");
        foreach (var (id, isConnected) in now.Peers)
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteBoolean("connected", isConnected);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("upstream");
        json.WriteNumber("names", now.Upstream.Names);
        json.WriteNumber("streams", now.Upstream.Streams);
        json.WriteEndObject();
        Introductions(json, now);
        json.WriteEndObject();
    }

    private static void Introductions(Utf8JsonWriter json, AnchorStatus now)
    {
        json.WriteStartArray("introductions");
        foreach (var (target, way) in now.Introductions)
        {
            json.WriteStartObject();
            json.WriteString("segment", target.Text);
            json.WriteString("result", way.Leads ? "leads" : way.Result.ToString().ToLowerInvariant());
            json.WriteNumber("transits", way.Hops.Length);
            json.WriteNumber("renew_at", way.RenewAt);
            json.WriteNumber("until", way.Until);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
