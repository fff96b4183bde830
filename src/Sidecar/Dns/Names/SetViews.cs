using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// What a name that several segments serve means to DNS: the endpoints of all members in use, each under its cluster's
/// label. Pure, thread-safe.
/// </summary>
internal static class SetViews
{
    private const int LabelMax = 63;

    private static readonly ConditionalWeakTable<CachedName, ServiceView> Views = [];

    /// <summary>The view of a joined name that is served.</summary>
    internal static ServiceView Of(CachedName cached) => Views.GetValue(cached, Make);

    private static ServiceView Make(CachedName cached)
    {
        var members = cached.Members.Where(part => part.IsUsed)
            .Select(part => (Part: part, View: ResolverNames.Map(part.Name!).Service!)).ToList();
        var home = cached.Answer!.Target;
        var ports = SetPorts.Union(members.Select(one => PortsOf(one.View)));
        var labels = Labels(cached.Members);
        var endpoints =
            from member in members
            from endpoint in member.View.Endpoints
            select endpoint with
            {
                Cluster = labels[member.Part.Member.Name.Text],
                Ports = SetPorts.Place(ports, PortsOf(member.View), endpoint.Ports),
                Priority = (int)member.Part.Member.Priority,
            };
        return new ServiceView(
            members[0].View.IsHeadless, // The one that is preferred decides, as for every property of the whole.
            [.. ports.Select(port => new ServicePort(port.Name, port.Number))],
            [.. endpoints],
            [$"set={cached.Name}", $"segment={home.Name.Text}", .. cached.Members.Select(Evidence)])
        {
            NegativeTtl = Math.Min(
                home.Epoch.Value.Policy.NegativeTtl, members.Min(one => one.View.NegativeTtl)),
            NegativesEnd = cached.Members.Where(part => part.State == NameState.Absent)
                .Select(part => part.Name!.ExpiresAt).Append(long.MaxValue).Min(),

            // A member that is proven to be absent has nothing; of another one that is left out nobody knows.
            Unproven =
            [
                .. cached.Members.Where(part => !part.IsUsed && part.State != NameState.Absent)
                    .Select(part => (labels[part.Member.Name.Text], Why(part))),
            ],
        };
    }

    private static string Why(SetPart part) =>
        $"{part.Member.Name.Text[..Math.Min(150, part.Member.Name.Text.Length)]} is left out: "
        + (part.Mismatch?.Failure.ToString() ?? part.State.ToString().ToLowerInvariant());

    private static ImmutableArray<ServedPort> PortsOf(ServiceView view) =>
        [.. view.Ports.Select(port => new ServedPort(port.Name, port.Number, ""))];

    // A cluster is known by its segment's first label; two of one label by all of theirs.
    private static Dictionary<string, string> Labels(ImmutableArray<SetPart> parts)
    {
        var segments = parts.Select(part => part.Member.Name.Segment!).Distinct().ToList();
        return parts.ToDictionary(part => part.Member.Name.Text, part =>
        {
            var segment = part.Member.Name.Segment!;
            var whole = segment.Text.Replace('.', '-');
            return segments.Count(other => other.Label == segment.Label) == 1 || whole.Length > LabelMax
                ? segment.Label
                : whole;
        });
    }

    private static string Evidence(SetPart part) =>
        $"member={part.Member.Name.Text[..Math.Min(150, part.Member.Name.Text.Length)]} "
        + $"priority={part.Member.Priority} weight={part.Member.Weight} "
        + (part.IsUsed ? "used" : $"left-out={(part.Mismatch?.Failure.ToString() ?? part.State.ToString())}");
}
