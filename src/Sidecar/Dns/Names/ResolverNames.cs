using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;

namespace Fairlead.Sidecar.Dns;

/// <summary>The resolver's verified cache as a source of names. Thread-safe where the two functions are.</summary>
/// <param name="find">The cache's view of a name; null where it is not held.</param>
/// <param name="interest">Hears a name, and whether it is wanted from now on or no longer; counts.</param>
/// <param name="renew">Hears now and then that a name that is wanted is asked for.</param>
internal sealed class ResolverNames(
    Func<string, CachedName?> find, Action<string, bool> interest, Action<string> renew) : NameSource
{
    // Every question asks, and an answer may have ten thousand endpoints: each is mapped once, for as long as it is
    // held.
    private static readonly ConditionalWeakTable<VerifiedAnswer, ServiceView> Services = [];

    internal override NameView? Find(string name) => find(name) is { } cached ? Map(cached) : null;

    internal override void Want(string name) => interest(name, true);

    internal override void Renew(string name) => renew(name);

    internal override void Forget(string name) => interest(name, false);

    /// <summary>What a cached name means to DNS. Pure.</summary>
    internal static NameView Map(CachedName cached)
    {
        // An expired answer tells nobody anything any more.
        var service = cached is { IsServed: true, Members.IsEmpty: false } ? SetViews.Of(cached)
            : cached is { IsServed: true, Answer.Record: not null }
            ? Services.GetValue(cached.Answer, static answer => ServiceOf(answer.Record!, answer))
            : null;
        // What forbids to use it says more than that an anchor was out of reach later.
        var failure = cached.Refused ?? cached.Failure;
        return new NameView(cached.Name, cached.State, cached.ServedUntil, service, failure);
    }

    private static ServiceView ServiceOf(Record record, VerifiedAnswer answer)
    {
        var endpoints =
            from slice in answer.Slices
            from endpoint in slice.Endpoints
            select new HostView(
                IpAddress.Parse(endpoint.Address),
                endpoint.Host,
                Cluster: null,
                endpoint.State is null,
                (uint)Math.Clamp(endpoint.Weight ?? 1, 1, int.MaxValue),
                slice.Ports)
            {
                IsInReach = answer.IsInReach(endpoint),
            };
        return new ServiceView(
            record.Kind == RecordKind.Headless,
            [.. record.Ports.Select(port => new ServicePort(port.Name, (int)port.Number))],
            [.. endpoints],
            Evidence(record, answer))
        {
            NegativeTtl = answer.Target.Epoch.Value.Policy.NegativeTtl,
        };
    }

    private static ImmutableArray<string> Evidence(Record record, VerifiedAnswer answer)
    {
        var target = answer.Target;
        var texts = ImmutableArray.CreateBuilder<string>();
        texts.Add($"segment={target.Name.Text}");
        texts.Add(Number("epoch", target.Epoch.Value.Number));
        if (target.Seal is { } seal)
        {
            texts.Add(Number("seal", seal.Position.Seq));
            texts.Add($"signers={string.Join(',', seal.Signers)}");
        }

        texts.Add(Number("version", record.Version));
        texts.Add($"path={string.Join('>', answer.Hops.Select(hop => hop.Name.Text))}");
        texts.Add($"bound={answer.Ttl.Bound.Name}");
        if (answer.UnsafeLoopbackAllowed)
        {
            texts.Add("unsafe_loopback=allowed");
        }

        return texts.ToImmutable();
    }

    private static string Number(string key, long value) =>
        string.Create(CultureInfo.InvariantCulture, $"{key}={value}");
}
