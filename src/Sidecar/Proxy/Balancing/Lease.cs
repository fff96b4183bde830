using Fairlead.Sidecar.Proxy.Forwarding;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// One request's hold on an endpoint. Says once how it went; disposed when the last byte has gone. Used by one request.
/// </summary>
internal sealed class Lease(EndpointPool pool, PooledEndpoint endpoint, EndpointClient client, bool isProbe)
    : IDisposable
{
    private bool _isJudged;

    /// <summary>Whose it is.</summary>
    internal PooledEndpoint Endpoint => endpoint;

    /// <summary>Its connections.</summary>
    internal EndpointClient Client => client;

    /// <summary>The endpoint answered, whatever it said.</summary>
    internal void Succeeded()
    {
        if (!_isJudged)
        {
            _isJudged = true;
            pool.Succeeded(endpoint);
        }
    }

    /// <summary>The endpoint could not be reached, broke off, or said that it cannot serve.</summary>
    internal void Failed()
    {
        if (!_isJudged)
        {
            _isJudged = true;
            pool.Failed(endpoint, isProbe);
        }
    }

    public void Dispose()
    {
        if (!_isJudged)
        {
            _isJudged = true;
            pool.Abandoned(endpoint, isProbe);
        }

        endpoint.Leave(client);
    }
}
