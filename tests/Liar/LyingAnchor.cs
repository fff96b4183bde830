using System.Security.Cryptography;
using Fairlead.Anchor.Hosting;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Liar;

/// <summary>
/// A real anchor, with its keys, its journal and its votes, of which every answer to consumers passes through one lie.
/// It makes itself a consumer of its own, so that it can learn a true answer when it starts.
/// </summary>
internal sealed class LyingAnchor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly AnchorHost _host;
    private readonly LyingInterceptor _interceptor;

    private LyingAnchor(AnchorHost host, LyingInterceptor interceptor)
    {
        _host = host;
        _interceptor = interceptor;
    }

    /// <summary>Lies from now on, or no more.</summary>
    internal void Turn() => _interceptor.Turn();

    /// <summary>Starts the anchor, learns, and lies from then on; one that withholds waits to be told to.</summary>
    internal static async Task<LyingAnchor> StartAsync(
        AnchorOptions options, Lie lie, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var identity = new TlsIdentity(key, TimeProvider.System);
        PublicKey.TryFromPoint(identity.PublicKey, out var own, out _);
        var subject = options.Subjects.Select(mapping => mapping.Subject).FirstOrDefault()
            ?? new Naming.Subject { Namespace = "liar", Account = "liar" };
        var interceptor = new LyingInterceptor(lie);
        var host = await AnchorHost.StartAsync(
            options with { Subjects = [.. options.Subjects, (own!, subject)] },
            TimeProvider.System,
            loggers,
            service => service.Intercept(interceptor),
            cancellationToken);
        try
        {
            if (!lie.IsSilence)
            {
                await LearnAsync(options, identity, subject, lie, cancellationToken);
                await AgeAsync(host, cancellationToken);
                interceptor.IsArmed = true;
            }

            return new LyingAnchor(host, interceptor);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    internal Task WaitAsync(CancellationToken cancellationToken) => _host.WaitAsync(cancellationToken);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    // What was learned is an old seal only once there is a newer one.
    private static async Task AgeAsync(AnchorHost host, CancellationToken cancellationToken)
    {
        var learned = host.Views.Current!.Certified.Seal.Seq;
        while (host.Views.Current!.Certified.Seal.Seq <= learned)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        }
    }

    private static async Task LearnAsync(
        AnchorOptions options,
        TlsIdentity identity,
        Naming.Subject subject,
        Lie lie,
        CancellationToken cancellationToken)
    {
        var segment = SegmentFile.Read(options.SegmentFile);
        var peer = segment.Leaves.SelectMany(leaves => leaves)
            .Where(leaf => leaf.Class == LeafClass.Peer)
            .Select(leaf => Document.TryParse<Peer>(leaf.Payload, out var parsed, out _) ? parsed.Value : null)
            .FirstOrDefault();
        if (peer is null)
        {
            return;
        }

        var query = Document.Make(new Query
        {
            Home = segment.Genesis,
            Name = FullName.Parse($"liar.liar.svc.{peer.Name}"),
            Subject = Hashes.Subject(segment.Genesis, subject),
        });
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);
        await using var anchor = new AnchorClient(
            IpEndpoint.Of(options.Listen.Address, options.Listen.Port), identity, TimeProvider.System);
        Exception? last = null;
        while (!bounded.IsCancellationRequested)
        {
            try
            {
                var response = await anchor.ResolveAsync(
                    new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) }, bounded.Token);
                lie.Learn(response.Answer);
                return;
            }
            catch (RpcException e)
            {
                // Behind, not connected yet, or slow: a busy machine has them all for a while.
                last = e;
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, bounded.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        throw new StartException($"no true answer was to be had within {Patience}: {last}", last);
    }
}
