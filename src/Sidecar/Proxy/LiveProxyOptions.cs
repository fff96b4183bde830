namespace Fairlead.Sidecar.Proxy;

/// <summary>The options by which requests are served, which a reload may change. Thread-safe.</summary>
/// <param name="start">Those of the start.</param>
internal sealed class LiveProxyOptions(ProxyOptions start)
{
    private volatile ProxyOptions _now = start;

    /// <summary>Those of now.</summary>
    internal ProxyOptions Now => _now;

    /// <summary>Changes them.</summary>
    internal void Set(ProxyOptions options) => _now = options;
}
