using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>V54's question about one trust domain: may the segment that answered speak for it? Pure.</summary>
internal sealed class DomainRules
{
    private readonly Digest _target;
    private readonly ImmutableArray<string> _declared;
    private readonly ImmutableArray<string> _own;
    private readonly Scope? _scope;
    private readonly bool _requireScope;
    private readonly IReadOnlyDictionary<string, Digest>? _given;
    private readonly VerifierState _state;

    private DomainRules(VerificationContext context)
    {
        var home = context.State.Home.Genesis;
        _given = context.Options.ScopedDomains;
        _state = context.State;
        _target = context.Last.Genesis;
        _declared = context.Last.Newest.Domains;
        _own = _target == home
            ? []
            : [.. context.Home.Newest.Domains, .. ScopeOf(context, home)?.Domains ?? []];
        _scope = ScopeOf(context, _target);
        _requireScope = context.Home.Newest.Policy.RequireScope == 1;
    }

    internal static DomainRules Of(VerificationContext context) => new(context);

    /// <summary>Why the segment must not speak for a trust domain, or null.</summary>
    internal string? Refuse(string domain)
    {
        if (!_declared.Contains(domain))
        {
            return $"{domain} is not among the trust domains that its segment declares";
        }

        if (_target == _state.Home.Genesis)
        {
            return null;
        }

        if (_own.Contains(domain))
        {
            return $"{domain} is the home's own";
        }

        // The home's quorum decides; where it says nothing, the first segment that used a domain keeps it.
        if (_scope is { } scope)
        {
            return scope.Domains.Contains(domain) ? null : $"{domain} is not in the domains of its Scope";
        }

        if (_given?.TryGetValue(domain, out var holder) is true)
        {
            return $"{domain} is in the domains of the Scope of {holder}";
        }

        if (_requireScope)
        {
            return $"{domain}: the home's policy requires a Scope, and there is none";
        }

        return _state.Domains.TryGetValue(domain, out var bound)
            ? bound == _target ? null : $"{domain} is bound to {bound}"
            : _state.MayBind(_target) ? null : $"{domain}: too many domains are bound already";
    }

    private static Scope? ScopeOf(VerificationContext context, Digest segment) =>
        context.Home.Included<Scope>(LeafClass.Scope, segment.ToString());
}
