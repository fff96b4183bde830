using System.Collections.Concurrent;
using Fairlead.Resolver;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The views of both kinds of client, fed by the resolver; names that clients ask for are passed on to it, once however
/// many ask. Thread-safe.
/// </summary>
internal sealed class ServedViews : IViewProvider
{
    private readonly IReadOnlySet<string> _imports;
    private readonly Action<string, bool> _interest;
    private readonly ConcurrentDictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly ViewFeed _envoy;
    private readonly ViewFeed _grpc;

    internal ServedViews(IReadOnlySet<string> imports, Action<string, bool> interest)
    {
        _imports = imports;
        _interest = interest;
        _envoy = new ViewFeed(ClientKind.Envoy, imports, Count);
        _grpc = new ViewFeed(ClientKind.Grpc, imports, Count);
    }

    /// <summary>Whether every import has an answer, or a reason why not.</summary>
    internal bool IsPrimed => _envoy.View.Current.Primed;

    public ResourceView Open(ClientNode client) => (client.IsGrpc ? _grpc : _envoy).View;

    /// <summary>Serves a name's new state.</summary>
    internal void Publish(CachedName name)
    {
        ServedName[] served = [ServedNameMapping.Map(name)];
        _envoy.Publish(served);
        _grpc.Publish(served);
    }

    /// <summary>Serves what there is, though some imports still have neither.</summary>
    internal void Prime()
    {
        _envoy.Prime();
        _grpc.Prime();
    }

    private void Count(string name, bool isWanted)
    {
        if (_imports.Contains(name) || !Naming.FullName.TryParse(name, out var full, out _) || full.Service is null)
        {
            return;
        }

        var users = _wanted.AddOrUpdate(name, isWanted ? 1 : 0, (_, count) => Math.Max(0, count + (isWanted ? 1 : -1)));
        if (users == (isWanted ? 1 : 0))
        {
            _interest(name, isWanted);
        }
    }
}
