using System.Net;
using Fairlead.Naming;
using Fairlead.TestKit;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>V45 and V59 as a real anchor keeps them, and what its ports show of it.</summary>
public sealed class PublishClusterTests
{
    [Fact]
    public async Task Publish_WhatMayNotBePublished_IsRefusedByNameAndCounted()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await using var client = new ClusterClient();
        await cluster.StartAllAsync();
        await client.SealAsync(cluster, 0, "held.shop.svc", TestContext.Current.CancellationToken);
        var stranger = TestKeys.Signer(999);
        var cases = new (VerificationFailure Failure, Func<Record, Record> Change, bool WithSlice, ISigner? Signer)[]
        {
            (VerificationFailure.PublisherOutOfScope, record =>
                record with { Publisher = stranger.Key.Kid }, true, stranger),
            (VerificationFailure.KeyIdMismatch, record => record, true, stranger),
            (VerificationFailure.FromFuture, record => record with { Version = record.Version + 60_000 }, true, null),
            (VerificationFailure.RecordExpired, record => record with { Issued = 1, Expires = 2 }, true, null),
            (VerificationFailure.PolicyOutOfRange, record => record with { TtlMax = 300_001 }, true, null),
            (VerificationFailure.PolicyOutOfRange, record =>
                record with { Expires = record.Issued + 86_400_001 }, true, null),
            (VerificationFailure.SliceMismatch, record => record, false, null),
            (VerificationFailure.RecordRollback, record => record with { Version = 5 }, true, null),
            (VerificationFailure.UidChanged, record =>
                record with { Uid = TestSegment.Bytes16("another") }, true, null),
            (VerificationFailure.RecordRollback, record =>
                record with { Expires = record.Issued + 1_000_000 }, true, null),
        };
        foreach (var (failure, change, withSlice, signer) in cases)
        {
            var (record, slice) = ClusterClient.Make(cluster, "held.shop.svc", "127.0.2.9");
            var last =
                await client.PublishAsync(
                    cluster, 0, Document.Make(change(record.Value)), withSlice ? slice : null, signer);
            Assert.True(last.Refused?.Failure == failure.ToString(), $"{last}, not {failure}");
        }

        Assert.Equal(1, cluster[0].Views.Current!.Certified.State.EntryCount);
        using var http = new HttpClient();
        var metrics =
            await http.GetStringAsync($"http://{cluster[0].Metrics}/metrics", TestContext.Current.CancellationToken);
        Assert.Contains("fairlead_anchor_entries_accepted_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "fairlead_anchor_entries_refused_total{failure=\"PolicyOutOfRange\"} 2\n", metrics,
            StringComparison.Ordinal);
        Assert.Contains(
            "fairlead_anchor_entries_refused_total{failure=\"UidChanged\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("fairlead_anchor_ready 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("fairlead_anchor_entries 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ports_OfAnAnchor_SayWhenItIsReady()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        cluster.WriteFiles();
        await cluster.StartAsync(0);
        using var http = new HttpClient();
        foreach (var port in new[] { cluster[0].Admin, cluster[0].Metrics })
        {
            using var waiting = await http.GetAsync($"http://{port}/ready", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, waiting.StatusCode);
        }

        await Task.WhenAll(cluster.StartAsync(1), cluster.StartAsync(2));
        await using var client = new ClusterClient();
        await client.SealAsync(cluster, 0, "one.shop.svc", TestContext.Current.CancellationToken);
        foreach (var port in new[] { cluster[0].Admin, cluster[0].Metrics })
        {
            using var ready = await http.GetAsync($"http://{port}/ready", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        }

        // The page for everybody shows no status, the one for operators no metrics.
        using var status =
            await http.GetAsync($"http://{cluster[0].Metrics}/status", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, status.StatusCode);
    }
}
