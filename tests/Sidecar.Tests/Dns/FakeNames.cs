using System.Collections.Concurrent;
using System.Net;
using Fairlead.Sidecar.Dns;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>
/// Names as a resolver keeps them: unknown until wanted, then pending until the test decides what they are; given up
/// when nobody wants them any more.
/// </summary>
internal sealed class FakeNames : NameSource
{
    /// <summary>How long what a service lacks may be believed, in milliseconds.</summary>
    internal const long NegativeTtl = 10_000;

    private readonly ConcurrentDictionary<string, NameView> _decided = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _wanted = new(StringComparer.Ordinal);

    /// <summary>Hears a name when it is wanted for the first time; by default nothing happens.</summary>
    internal Action<string> OnWant { get; set; } = static _ => { };

    internal IEnumerable<string> Wanted => _wanted.Where(pair => pair.Value > 0).Select(pair => pair.Key);

    internal override NameView? Find(string name) =>
        _wanted.GetValueOrDefault(name) == 0 ? null : _decided.GetValueOrDefault(name) ?? NameView.Pending(name);

    internal override void Want(string name)
    {
        if (_wanted.AddOrUpdate(name, 1, (_, count) => count + 1) == 1)
        {
            OnWant(name);
        }
    }

    internal ConcurrentQueue<string> Renewed { get; } = new();

    internal override void Renew(string name) => Renewed.Enqueue(name);

    internal override void Forget(string name)
    {
        if (_wanted.AddOrUpdate(name, 0, (_, count) => count - 1) < 0)
        {
            throw new InvalidOperationException($"{name} was forgotten more often than wanted");
        }
    }

    internal NameView Decide(NameView view) => _decided[view.Name] = view;

    internal static ServiceView ClusterIp(params ServicePort[] ports) =>
        new(false, [.. ports], [Host("10.1.0.1", null)], ["segment=us1.internal", "epoch=1"])
        {
            NegativeTtl = NegativeTtl,
        };

    internal static ServiceView Headless(params HostView[] endpoints) =>
        new(true, [new ServicePort("redis", 6379)], [.. endpoints], ["segment=us1.internal"])
        {
            NegativeTtl = NegativeTtl,
        };

    internal static HostView Host(string address, string? host, bool isReady = true, string? cluster = null) =>
        new(IPAddress.Parse(address), host, cluster, isReady, 1, [16379]);
}
