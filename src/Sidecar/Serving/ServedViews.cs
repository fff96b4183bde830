using Fairlead.Naming;
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
    private IReadOnlySet<string> _imports;
    private readonly Action<string, bool> _interest;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unanswered;
    private readonly ShapeFile? _shapes;
    private readonly ClientTls? _tls;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ViewFeed _envoy;
    private readonly ViewFeed _grpc;
    private bool _isPatienceOver;

    /// <summary>Views of the imports as they were known last.</summary>
    /// <param name="imports">The names that belong to "everything".</param>
    /// <param name="interest">Hears a name that clients want from now on or no longer.</param>
    /// <param name="shapes">What the imports looked like before a restart; null to remember nothing.</param>
    /// <param name="tls">What clients have for mutual TLS; null for nothing.</param>
    internal ServedViews(
        IReadOnlySet<string> imports, Action<string, bool> interest, ShapeFile? shapes, ClientTls? tls = null)
    {
        _imports = imports;
        _interest = interest;
        _shapes = shapes;
        _tls = tls;
        _unanswered = [.. imports];
        _envoy = new ViewFeed(ClientKind.Envoy, imports, Count);
        _grpc = new ViewFeed(ClientKind.Grpc, imports, Count);
        foreach (var name in imports)
        {
            Serve(ServedName.Without(name, Reasons.Pending, shapes?.PortsOf(name) ?? []));
        }

        Settle();
    }

    /// <summary>Ends when every import has an answer or a reason why not; after the patience, when clients are told
    /// something.</summary>
    internal Task Settled => _settled.Task;

    /// <summary>The imports that have neither an answer nor a reason why not, ascending.</summary>
    internal IReadOnlyList<string> Unanswered
    {
        get
        {
            lock (_gate)
            {
                return [.. _unanswered.Order(StringComparer.Ordinal)];
            }
        }
    }

    public ResourceView Open(ClientNode client) => (client.IsGrpc ? _grpc : _envoy).View;

    /// <summary>Serves a name's new state.</summary>
    internal void Publish(CachedName name)
    {
        var served = ServedNameMapping.Map(name, _tls);
        if (IsImport(served.Name))
        {
            if (!served.IsKnown)
            {
                served = served with { Ports = _shapes?.PortsOf(served.Name) ?? [] };
            }
            else if (!served.IsPending)
            {
                _shapes?.Remember(served.Name, served.Ports);
                Answer(served.Name);
            }
        }

        Serve(served);
        Settle();
    }

    /// <summary>These names belong to "everything" from now on. Clients that are told of names already hear of a new
    /// one at once, without endpoints until its traversal ends; what is settled stays so.</summary>
    internal void Import(IReadOnlySet<string> imports)
    {
        // A feed's lock is taken before this one, never behind it.
        var unknown = imports.Where(name => !_envoy.Knows(name)).ToList();
        lock (_gate)
        {
            unknown.RemoveAll(_imports.Contains);
            _imports = imports;
            _unanswered.IntersectWith(imports);
            _unanswered.UnionWith(unknown);
        }

        _shapes?.Import(imports);

        foreach (var name in unknown)
        {
            // Never over an answer that came in between.
            var pending = ServedName.Without(name, Reasons.Pending, _shapes?.PortsOf(name) ?? []);
            _envoy.PublishFirst(pending);
            _grpc.PublishFirst(pending);
        }

        _envoy.Import(imports);
        _grpc.Import(imports);
        Settle();
    }

    /// <summary>From now on clients are told of those imports of which something is known.</summary>
    internal void EndPatience()
    {
        lock (_gate)
        {
            _isPatienceOver = true;
        }

        _envoy.EndPatience();
        _grpc.EndPatience();
        Settle();
    }

    /// <summary>Takes a name out, where nobody asks for it any more.</summary>
    internal void Forget(string name)
    {
        lock (_gate)
        {
            if (_wanted.ContainsKey(name))
            {
                return; // Asked for again meanwhile.
            }
        }

        _envoy.Remove(name);
        _grpc.Remove(name);
    }

    private bool IsImport(string name)
    {
        lock (_gate)
        {
            return _imports.Contains(name);
        }
    }

    private void Serve(ServedName served)
    {
        _envoy.Publish(served);
        _grpc.Publish(served);
    }

    private void Answer(string name)
    {
        lock (_gate)
        {
            _unanswered.Remove(name);
        }
    }

    private void Settle()
    {
        lock (_gate)
        {
            if (_unanswered.Count > 0 && !(_isPatienceOver && _envoy.View.Current.Primed))
            {
                return;
            }
        }

        _settled.TrySetResult();
    }

    private void Count(string name, bool isWanted)
    {
        if (!FullName.TryParse(name, out var full, out _) || full.Service is null)
        {
            return;
        }

        lock (_gate)
        {
            var users = _wanted.GetValueOrDefault(name) + (isWanted ? 1 : -1);
            if (users > 0)
            {
                _wanted[name] = users;
            }
            else
            {
                _wanted.Remove(name);
            }

            // Under the lock, so that the resolver hears of both views in one order.
            if (users == (isWanted ? 1 : 0))
            {
                _interest(name, isWanted);
            }
        }
    }
}
