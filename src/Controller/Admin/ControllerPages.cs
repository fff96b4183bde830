using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Hosting;

namespace Fairlead.Controller.Admin;

/// <summary>
/// The admin pages <c>/ready</c> (200 once all that was desired at first is sealed, else 503), <c>/records</c> and
/// <c>/problems</c>, and for the kubelet and Prometheus <c>/ready</c> and <c>/metrics</c>. Thread-safe.
/// </summary>
/// <param name="shell">What publishes.</param>
/// <param name="manifests">What reads the manifests.</param>
/// <param name="watcher">What looks at their folder.</param>
/// <param name="time">The clock.</param>
internal sealed class ControllerPages(
    PublisherShell shell, ManifestController manifests, ManifestWatcher watcher, TimeProvider time)
{
    // The open port: whoever asks often must not have the publisher list all names each time.
    private static readonly TimeSpan NumbersAge = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task<PublisherStatus>? _recent;
    private long _takenAt;

    /// <summary>For operators on this machine.</summary>
    public IReadOnlyDictionary<string, PageSource> Admin => new Dictionary<string, PageSource>(StringComparer.Ordinal)
    {
        ["/ready"] = ReadyAsync,
        ["/records"] = RecordsAsync,
        ["/problems"] = ProblemsAsync,
    };

    /// <summary>For everybody who can reach the port.</summary>
    public IReadOnlyDictionary<string, PageSource> Metrics => new Dictionary<string, PageSource>(StringComparer.Ordinal)
    {
        ["/ready"] = _ => new(Page.Readiness(
            IsReady ? null
            : watcher.Failure is null ? "not all that was desired at first is sealed"
            : "the folder of manifests cannot be read")),
        ["/metrics"] = async stop => (await NumbersAsync(stop).ConfigureAwait(false)).ToPage(),
    };

    private bool IsReady => shell.Settled.IsCompletedSuccessfully;

    private async ValueTask<Page> ReadyAsync(CancellationToken cancellationToken)
    {
        var isReady = IsReady;
        var status = await shell.StatusAsync(cancellationToken).ConfigureAwait(false);
        return Page.Json(isReady ? 200 : 503, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("ready", isReady);
            if (status.CredentialEnd is { } end)
            {
                json.WriteNumber("credential_expires", end);
            }

            json.WriteStartArray("pending");
            foreach (var name in status.Names.Where(name => name.State is not ("sealed" or "withdrawn")))
            {
                json.WriteStringValue(name.Name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async ValueTask<Page> RecordsAsync(CancellationToken cancellationToken)
    {
        var status = await shell.StatusAsync(cancellationToken).ConfigureAwait(false);
        return Page.Json(200, json =>
        {
            json.WriteStartArray();
            foreach (var name in status.Names)
            {
                json.WriteStartObject();
                json.WriteString("name", name.Name);
                json.WriteString("state", name.State);
                json.WriteNumber("version", name.Leaf.Version);
                json.WriteString("uid", name.Leaf.Uid.ToString());
                json.WriteNumber("expires", name.Leaf.Expires);
                if (name.Refusal is not null)
                {
                    json.WriteString("refusal", name.Refusal);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    /// <summary>The numbers of now, or of a second ago.</summary>
    public async ValueTask<MetricsText> NumbersAsync(CancellationToken cancellationToken)
    {
        var status = await RecentAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        var states = status.Names.GroupBy(name => name.State).OrderBy(group => group.Key, StringComparer.Ordinal);
        var text = new MetricsText()
            .Gauge("fairlead_controller_ready", "1 once all that was desired at first is sealed.", IsReady ? 1 : 0)
            .Gauge("fairlead_controller_records", "Names by what became of them.", "state",
                states.Select(group => (group.Key, (double)group.Count())))
            .Gauge("fairlead_controller_records_refused", "Names whose newest version an anchor refused.",
                status.Names.Count(name => name.Refusal is not null))
            .Gauge("fairlead_controller_manifest_problems", "Problems in the manifests; the last good state is kept.",
                Problems(status).Count());
        return status.CredentialEnd is not { } end ? text : text.Gauge(
            "fairlead_controller_credential_left_seconds",
            "Seconds until the publisher's Credential ends; below zero once it has.",
            (end - time.GetUtcNow().ToUnixTimeMilliseconds()) / 1000.0);
    }

    private Task<PublisherStatus> RecentAsync()
    {
        lock (_gate)
        {
            if (_recent is null || (_recent.IsCompleted && time.GetElapsedTime(_takenAt) >= NumbersAge))
            {
                _takenAt = time.GetTimestamp();
                _recent = shell.StatusAsync(CancellationToken.None);
            }

            return _recent;
        }
    }

    private IEnumerable<string> Problems(PublisherStatus status) =>
        (watcher.Failure is { } failure ? [$"the folder cannot be read: {failure}"] : Array.Empty<string>())
        .Concat(manifests.Problems.Select(problem => problem.ToString()))
        .Concat(status.Names.Where(name => name.IsHeld).Select(name =>
            $"{name.Name} stays as it is published, endpoints included: fewer slices of endpoints are read than that, "
            + "or the anchors do not say the same of it, and the rest may stand in a file that was never read whole: "
            + "mend or delete the files that cannot be read"));

    private async ValueTask<Page> ProblemsAsync(CancellationToken cancellationToken)
    {
        var status = await shell.StatusAsync(cancellationToken).ConfigureAwait(false);
        return Page.Json(200, json =>
        {
            json.WriteStartArray();
            foreach (var problem in Problems(status))
            {
                json.WriteStringValue(problem);
            }

            json.WriteEndArray();
        });
    }
}
