using System.Net.Sockets;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>The operator's socket: who may open it, and what it refuses.</summary>
public sealed class OperatorSocketTests
{
    [Fact]
    public async Task Socket_IsTheOwnersAloneAndOnNoPort()
    {
        await using var cluster = await StartAsync();
        await using var @operator = new OperatorClient(cluster, 0);
        await @operator.GroundAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(@operator.Socket));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(cluster.DataOf(0)));

        using var identity = new TlsIdentity(TestKeys.Ecdsa(900), TimeProvider.System);
        await using var channel = new RpcChannel(
            $"https://127.0.0.1:{cluster.Ports[0]}",
            new RpcChannelOptions { Identity = identity, ServerKeyCheck = _ => true });
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            OperatorMethods.Ground, null, new CallOptions(cancellationToken: TestContext.Current.CancellationToken),
            new GroundRequest());
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, refused.StatusCode);

        // Nor does the admin port: the same call finds nothing there.
        using var admin = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var asked = await admin.PostAsync(
            new Uri($"http://{cluster[0].Admin}{OperatorMethods.Ground.FullName}"), new ByteArrayContent([]),
            TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, asked.StatusCode);
    }

    [Fact]
    public async Task Input_ThatIsBad_IsRefusedByNameAndChangesNothing()
    {
        await using var cluster = await StartAsync();
        await using var @operator = new OperatorClient(cluster, 0);
        var ground = await @operator.GroundAsync();
        var good = OperatorClient.Build(ground, "no-eu1", RuleEffect.Deny, "*.svc");
        var gap = Document.Make(Parse(good.Epoch) with { Number = 7 });
        var other = Document.Make(Parse(good.Epoch) with { Prev = gap.Digest });

        await RefusedAsync(@operator, VerificationFailure.BadEnvelope, new ProposeRequest());
        await RefusedAsync(@operator, VerificationFailure.NonCanonicalPayload, new ProposeRequest
        {
            Proposal = new EpochProposal { Epoch = ByteString.CopyFromUtf8("{}") },
        });
        await RefusedAsync(@operator, VerificationFailure.EpochGap, Request(good with { Epoch = gap.Payload }));
        await RefusedAsync(@operator, VerificationFailure.PrevMismatch, Request(good with { Epoch = other.Payload }));
        await RefusedAsync(@operator, VerificationFailure.ManifestMismatch, Request(good with { Leaves = [] }));
        var unknown = await Assert.ThrowsAsync<RpcException>(() => @operator.CallAsync(
            OperatorMethods.Approve, new ApproveRequest { Digest = WireWriter.ToBytes(gap.Digest) }));
        Assert.Equal(VerificationFailure.EpochUnknown, RpcFailures.Read(unknown)?.Failure);
        unknown = await Assert.ThrowsAsync<RpcException>(() => @operator.WithdrawAsync(gap.Digest));
        Assert.Equal(VerificationFailure.EpochUnknown, RpcFailures.Read(unknown)?.Failure);
        var leaf = new Naming.Operations.ProposedLeaf(LeafClass.Rule, new byte[60_000]);
        await RefusedAsync(@operator, VerificationFailure.TooLarge, Request(
            good with { Leaves = [.. Enumerable.Repeat(leaf, (Limits.OperationBytes / 60_000) + 1)] }));

        using (var raw = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await raw.ConnectAsync(
                new UnixDomainSocketEndPoint(@operator.Socket), TestContext.Current.CancellationToken);
            await raw.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        Assert.Empty((await @operator.ProposalsAsync()).Operations);
        Assert.Equal(0UL, (await @operator.LogAsync()).Newest);
    }

    /// <summary>What waits, as large as it may be, keeps no operator from seeing it and from taking it back.</summary>
    [Fact]
    public async Task Proposals_OfMoreThanAMessage_AreShownInPartsAndTakenBack()
    {
        await using var cluster = await StartAsync();
        await using var @operator = new OperatorClient(cluster, 0);
        await using var other = new OperatorClient(cluster, 1);
        var ground = await @operator.GroundAsync();
        List<Digest> digests = [];
        for (var i = 0; i < 4; i++)
        {
            digests.Add(await @operator.ProposeAsync(Large(ground, i)));
        }

        var shown = await @operator.ProposalsAsync();
        Assert.Equal(digests.Order(), shown.Waiting.Select(DigestOf).Order());
        Assert.InRange(shown.Operations.Count, 1, 3);
        Assert.InRange(shown.CalculateSize(), Limits.OperationBytes, 4 * Limits.OperationBytes);
        Assert.All(shown.Operations, one => Assert.Equal((1_000, 6_000UL), (one.Effect.Names.Count,
            one.Effect.NamesCount)));
        var last = await @operator.CallAsync(
            OperatorMethods.Proposals, new ProposalsRequest { Digests = { shown.Waiting[^1] } });
        Assert.Equal(shown.Waiting[^1], Assert.Single(last.Operations).Digest);

        // Where it was told of it goes as well.
        await OperatorClient.EventuallyAsync(async () => (await other.ProposalsAsync()).Waiting.Count == 4);
        foreach (var digest in digests)
        {
            var taken = await @operator.WithdrawAsync(digest);
            Assert.Equal((true, true, "us1-a"), (taken.Proposal, taken.Approval, taken.Self));
            Assert.Empty(taken.Voters);
        }

        await OperatorClient.EventuallyAsync(async () => (await other.ProposalsAsync()).Waiting.Count == 0);
        Assert.Empty((await @operator.ProposalsAsync()).Waiting);
    }

    [Fact]
    public async Task Propose_OnAnEpochThatWasOvertaken_EpochSuperseded()
    {
        await using var cluster = await StartAsync();
        await using var @operator = new OperatorClient(cluster, 0);
        var late = OperatorClient.Build(await @operator.GroundAsync(), "late", RuleEffect.Deny, "late.shop.svc");
        var digest = await @operator.ProposeAsync("first", RuleEffect.Deny, "first.shop.svc");
        await EpochClusterTests.ApproveAsync(cluster, digest, 1, 2);
        await EpochClusterTests.SealedAsync(cluster, 1);

        await RefusedAsync(@operator, VerificationFailure.EpochSuperseded, Request(late));
        var tried = await Assert.ThrowsAsync<RpcException>(() => @operator.CallAsync(
            OperatorMethods.Try, new TryRequest { Proposal = ProposalWire.Write(late) }));
        Assert.Equal(VerificationFailure.EpochSuperseded, RpcFailures.Read(tried)?.Failure);
        Assert.Empty((await @operator.ProposalsAsync()).Operations);
    }

    private static async Task<AnchorCluster> StartAsync()
    {
        var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        return cluster;
    }

    /// <summary>A policy of nearly as many bytes as one may have, with 6,000 patterns.</summary>
    private static Naming.Operations.EpochProposal Large(Naming.Operations.EpochGround ground, int number)
    {
        var (host, label) = (new string('h', 48), new string('x', 63));
        var request = new Naming.Operations.PolicyRequest
        {
            Rules =
            [
                .. Enumerable.Range(0, 400).Select(rule => new Naming.Rule
                {
                    Effect = RuleEffect.Deny,
                    Id = $"r{rule}",
                    Made = 0,
                    Names =
                    [
                        .. Enumerable.Range(0, 15)
                            .Select(i => NamePattern.Parse($"{host}-{number}-{rule}-{i:00}.{label}.svc")),
                    ],
                    Opening = default,
                    Subjects = [new RuleSubject { Segment = "*" }],
                }),
            ],
        };
        var proposal = Naming.Operations.PolicyOperation.Build(
            ground, request, ClusterClient.Now, () => TestSegment.Bytes16($"{number}"), out var refusal);
        return proposal ?? throw new InvalidOperationException(refusal!.ToString());
    }

    private static Digest DigestOf(ByteString bytes)
    {
        Assert.True(WireReader.TryRead(bytes, out Digest digest, out Refusal? _));
        return digest;
    }

    private static ProposeRequest Request(Naming.Operations.EpochProposal proposal) =>
        new() { Proposal = ProposalWire.Write(proposal), Approve = true };

    private static Epoch Parse(ReadOnlyMemory<byte> payload)
    {
        Assert.True(Document.TryParse<Epoch>(payload, out var epoch, out _));
        return epoch.Value;
    }

    private static async Task RefusedAsync(
        OperatorClient @operator, VerificationFailure failure, ProposeRequest request)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => @operator.CallAsync(OperatorMethods.Propose, request));
        Assert.Equal(failure, RpcFailures.Read(refused)?.Failure);
    }
}
