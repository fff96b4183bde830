using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>How an attempt at one endpoint ended.</summary>
internal enum AttemptResult
{
    /// <summary>The endpoint's response went to the client, or was cut after it had begun.</summary>
    Done,

    /// <summary>No connection came about: nothing of the request was sent.</summary>
    NotConnected,

    /// <summary>The endpoint did not prove who it is, or is none that speaks TLS: nothing of the request was
    /// sent.</summary>
    NotTrusted,

    /// <summary>The connection broke before a response began: the endpoint may have acted on the request.</summary>
    Broken,

    /// <summary>The budget was used up.</summary>
    OverBudget,

    /// <summary>The endpoint of a strict name is no longer served, and its requests ended with it: it may have acted on
    /// them.</summary>
    Ended,

    /// <summary>The client went away.</summary>
    ClientGone,

    /// <summary>The client's body could not be read.</summary>
    BadBody,

    /// <summary>The request cannot be said in the endpoint's protocol.</summary>
    Unspeakable,
}

/// <summary>Reads how an attempt ended, and whether another endpoint may be tried. Stateless.</summary>
internal static class AttemptResults
{
    /// <summary>Reads the forwarder's verdict.</summary>
    internal static AttemptResult Read(
        HttpContext context, Exchange exchange, ForwarderError error, CancellationToken ends)
    {
        if (error == ForwarderError.None || exchange.HasResponse)
        {
            if (error is ForwarderError.ResponseHeaders && !context.Response.HasStarted)
            {
                return AttemptResult.Broken;
            }

            return AttemptResult.Done;
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return AttemptResult.ClientGone;
        }

        if (ends.IsCancellationRequested)
        {
            return AttemptResult.Ended;
        }

        if (exchange.Budget!.IsOver)
        {
            return AttemptResult.OverBudget;
        }

        return error switch
        {
            ForwarderError.RequestBodyClient => AttemptResult.BadBody,
            ForwarderError.RequestCreation => AttemptResult.Unspeakable,
            _ => Read(context.Features.Get<IForwarderErrorFeature>()?.Exception),
        };
    }

    /// <summary>
    /// Whether the request may go to another endpoint: if nothing of it was sent; or if doing it twice is doing it once
    /// (RFC 9110 9.2.2), none of its body was read, and no endpoint has answered.
    /// </summary>
    internal static bool MayRetry(AttemptResult result, string method, Exchange exchange) => result switch
    {
        _ when exchange.HasResponse || exchange.Body?.HasStarted == true => false,
        AttemptResult.NotConnected or AttemptResult.NotTrusted => true,
        AttemptResult.Broken or AttemptResult.Ended => HttpMethods.IsGet(method) || HttpMethods.IsHead(method)
            || HttpMethods.IsOptions(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method),
        _ => false,
    };

    private static AttemptResult Read(Exception? exception) => exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => AttemptResult.NotConnected,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => AttemptResult.NotTrusted,

        // The handler's own limit for connections; every other cancellation was looked at before.
        OperationCanceledException { InnerException: TimeoutException } => AttemptResult.NotConnected,
        _ => AttemptResult.Broken,
    };
}
