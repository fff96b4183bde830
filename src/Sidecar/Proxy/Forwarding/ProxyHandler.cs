using System.Net;
using Fairlead.Hosting;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Services;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// Takes a request from its Host header to a verified endpoint, or says why not. There is no way around the table: an
/// address that is connected to came out of a verified answer. Thread-safe.
/// </summary>
internal sealed class ProxyHandler(
    ServiceTable table, IHttpForwarder forwarder, LiveProxyOptions live, TimeProvider time, AccessLog log,
    ILogger logger)
{
    private readonly ForwardTransformer _transformer = new();
    private readonly ForwarderRequestConfig _http1 = Config(HttpVersion.Version11, live.Now);
    private readonly ForwarderRequestConfig _http2 = Config(HttpVersion.Version20, live.Now);

    /// <summary>The requests so far, by what came of them.</summary>
    internal CounterFamily Outcomes { get; } = new();

    /// <summary>Answers one request.</summary>
    internal async Task HandleAsync(HttpContext context)
    {
        var started = time.GetTimestamp();
        var exchange = new Exchange { IsGrpc = ProxyRefusal.IsGrpc(context.Request) };
        using var budget = new RequestBudget(live.Now.Budget, time);
        exchange.Budget = budget;
        context.Features.Set(exchange);
        try
        {
            if (await ServeAsync(context, exchange).ConfigureAwait(false) is { } refusal)
            {
                exchange.Reason = refusal.Reason;
                budget.End();
                await AnswerAsync(context, refusal).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException
            || !context.RequestAborted.IsCancellationRequested)
        {
            exchange.Reason = ProxyReason.Broken;
            ProxyLog.RequestBroke(logger, e, exchange.Authority.Name ?? "");
            throw;
        }
        finally
        {
            Outcomes.With(exchange.Outcome(context)).Add();
            log.Write(context, exchange, time.GetElapsedTime(started));
        }
    }

    private static async Task AnswerAsync(HttpContext context, ProxyRefusal refusal)
    {
        if (context.Response.HasStarted || refusal.Reason == ProxyReason.ClientGone)
        {
            context.Abort();
            return;
        }

        await RefusalResponse.WriteAsync(context, refusal).ConfigureAwait(false);
    }

    private async Task<ProxyRefusal?> ServeAsync(HttpContext context, Exchange exchange)
    {
        if (RequestCheck.Check(context, exchange) is { } wrong)
        {
            return wrong;
        }

        if (table.Use(exchange.Authority.Name) is not { } entry)
        {
            return ProxyRefusal.Of(ProxyReason.TooManyNames, $"{live.Now.NamesMax} names are in use");
        }

        await SettleAsync(entry, exchange, context.RequestAborted).ConfigureAwait(false);
        var (service, port, pool) = entry.For(exchange.Authority.Port);
        exchange.Service = service;
        if (ProxyRefusal.Of(service) is { } unserved)
        {
            return context.RequestAborted.IsCancellationRequested ? Gone(service.Name) : unserved;
        }

        if (pool is null)
        {
            return exchange.Authority.Port is { } number and not 80
                ? ProxyRefusal.Of(ProxyReason.NoSuchPort, $"{service.Name} has no port {number}")
                : ProxyRefusal.Of(ProxyReason.AmbiguousPort, $"name one of the ports of {service.Name}");
        }

        var protocol = service.Ports[port].Protocol;
        if (exchange.IsGrpc && protocol == "http")
        {
            return ProxyRefusal.Of(ProxyReason.ProtocolMismatch, $"port {service.Ports[port].Number} speaks HTTP/1.1");
        }

        // gRPC is HTTP/2 wherever the port does not say otherwise.
        var config = protocol is "http2" or "grpc" || exchange.IsGrpc ? _http2 : _http1;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false)
        {
            exchange.Body = new WatchedBody(context.Request.Body, exchange.Budget!, exchange.IsGrpc);
            context.Request.Body = exchange.Body;
        }

        return await TryEndpointsAsync(context, exchange, entry, pool, config).ConfigureAwait(false);
    }

    private async Task SettleAsync(ServiceEntry entry, Exchange exchange, CancellationToken aborted)
    {
        if (entry.Settled.IsCompleted)
        {
            return;
        }

        var left = exchange.Budget!.Left;
        var most = live.Now.ResolveBudget;
        var wait = left < most ? left : most;
        await entry.Settled.WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, aborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<ProxyRefusal?> TryEndpointsAsync(
        HttpContext context, Exchange exchange, ServiceEntry entry, EndpointPool pool, ForwarderRequestConfig config)
    {
        var tried = new List<PooledEndpoint>(1);
        var retries = 0;
        var last = ProxyRefusal.Of(ProxyReason.NotReady, exchange.Authority.Name);
        pool.Retries.Begin();
        try
        {
            while (pool.Choose(tried) is { } lease)
            {
                using (lease)
                {
                    exchange.Attempts++;
                    tried.Add(lease.Endpoint);
                    var result = await TryAsync(context, exchange, lease, config).ConfigureAwait(false);
                    if (result is null)
                    {
                        return ProxyRefusal.Of(ProxyReason.NoClientIdentity, exchange.Endpoint);
                    }

                    if (result == AttemptResult.Done)
                    {
                        return null;
                    }

                    last = Refusal(result.Value, exchange, entry.Service);
                    if (!AttemptResults.MayRetry(result.Value, context.Request.Method, exchange)
                        || exchange.Attempts >= live.Now.AttemptsMax || exchange.Budget!.IsOver
                        || !pool.Retries.TryRetry())
                    {
                        return last;
                    }

                    retries++;
                    Reset(context);
                }
            }

            return last;
        }
        finally
        {
            pool.Retries.End(retries);
        }
    }

    /// <summary>One attempt; null where the pod has no certificate to show.</summary>
    private async Task<AttemptResult?> TryAsync(
        HttpContext context, Exchange exchange, Lease lease, ForwarderRequestConfig config)
    {
        exchange.Lease = lease;
        exchange.Endpoint = lease.Endpoint.Key.Target.ToString();
        exchange.Provenance = lease.Endpoint.Spec.Provenance;
        if (!lease.Client.CanConnect)
        {
            return null;
        }

        var ends = lease.Endpoint.Ends;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(exchange.Budget!.Token, ends);
        var error = await forwarder.SendAsync(
            context, lease.Endpoint.Key.Prefix, lease.Client.Invoker, config, _transformer, stop.Token)
            .ConfigureAwait(false);
        var result = AttemptResults.Read(context, exchange, error, ends);
        if (result is AttemptResult.NotConnected or AttemptResult.NotTrusted or AttemptResult.Broken
            or AttemptResult.OverBudget)
        {
            lease.Failed();
        }

        return result;
    }

    private static ProxyRefusal Refusal(AttemptResult result, Exchange exchange, ProxiedService now)
    {
        var where = $"{exchange.Authority.Name} at {exchange.Endpoint}";
        return result switch
        {
            AttemptResult.NotTrusted => ProxyRefusal.Of(ProxyReason.EndpointRefused, where),
            AttemptResult.OverBudget => ProxyRefusal.Of(ProxyReason.Budget, where),
            AttemptResult.Ended when ProxyRefusal.Of(now) is { } unserved => unserved,
            AttemptResult.ClientGone => Gone(where),
            AttemptResult.BadBody => ProxyRefusal.Of(ProxyReason.BadRequest, "the body could not be read"),
            AttemptResult.Unspeakable => ProxyRefusal.Of(ProxyReason.ProtocolMismatch, where),
            _ => ProxyRefusal.Of(ProxyReason.EndpointUnreachable, where),
        };
    }

    private static ProxyRefusal Gone(string where) => ProxyRefusal.Of(ProxyReason.ClientGone, where);

    private static void Reset(HttpContext context)
    {
        context.Response.Clear();
        context.Features.Set<IForwarderErrorFeature>(null);
    }

    private static ForwarderRequestConfig Config(Version version, ProxyOptions options) => new()
    {
        Version = version,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        ActivityTimeout = options.StreamIdle,
        AllowResponseBuffering = false,
    };
}
