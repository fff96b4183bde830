using Fairlead.Xds;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// All resources of one name: its ports under their canonical names, and whatever spellings clients asked for, each
/// under its own name with the canonical assignment behind it. Pure.
/// </summary>
internal static class ServiceResources
{
    /// <summary>The resources of a name.</summary>
    /// <param name="client">Whom they are for.</param>
    /// <param name="name">What is served.</param>
    /// <param name="isImport">Whether the name belongs to what a client gets that asks for everything.</param>
    /// <param name="spellings">What clients asked for that means this name.</param>
    /// <returns>Each resource, and whether it belongs to "everything".</returns>
    internal static IEnumerable<(Resource Resource, bool Wildcard)> Of(
        ClientKind client, ServedName name, bool isImport, IEnumerable<string> spellings)
    {
        name = client == ClientKind.Envoy
            ? TlsTranslation.Checkable(name)
            : TlsTranslation.CheckableByGrpc(name);

        // What is pending is told as it was before: the clusters unchanged, and nothing of their endpoints.
        var reason = name.IsPending && !name.Ports.IsEmpty ? null : name.Reason;
        for (var i = 0; i < name.Ports.Length; i++)
        {
            var port = name.Ports[i];
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            var cluster = ClusterTranslation.Translate(client, canonical, canonical, port, reason, name);
            yield return (Resource.Create(cluster), isImport);
            if (!name.IsPending)
            {
                yield return (Resource.Create(AssignmentTranslation.Translate(name, canonical, i)), false);
            }

            if (client == ClientKind.Grpc)
            {
                yield return (Resource.Create(RouteTranslation.ForGrpc(canonical, canonical)), false);
                yield return (Resource.Create(RouteTranslation.ToCluster(canonical, canonical)), false);
            }
        }

        var isBareDead = name.BarePort() is null && (isImport || !(name.IsPending || name.Reason is null));
        if (isBareDead)
        {
            foreach (var resource in Dead(client, name.Name, reason ?? Reasons.AmbiguousPort))
            {
                yield return (resource, isImport && resource.Type == ResourceType.Cluster);
            }
        }

        var others = spellings.Where(spelling => !isBareDead || spelling != name.Name);
        foreach (var resource in others.SelectMany(spelling => Spelled(client, name, spelling)))
        {
            yield return (resource, false);
        }
    }

    // A client may write a name in many ways; the endpoints behind them are one assignment.
    private static IEnumerable<Resource> Spelled(ClientKind client, ServedName name, string spelling)
    {
        if (!ClusterNames.TryRead(spelling, out _, out var number))
        {
            yield break;
        }

        if (BarePorts.IndexOf(name.Ports, number) is >= 0 and var index)
        {
            var port = name.Ports[index];
            var canonical = ClusterNames.Canonical(name.Name, port.Number);
            if (spelling == canonical)
            {
                yield break;
            }

            var shown = name.IsPending ? null : name.Reason;
            yield return Resource.Create(ClusterTranslation.Translate(client, spelling, canonical, port, shown, name));
            if (client == ClientKind.Grpc)
            {
                yield return Resource.Create(RouteTranslation.ForGrpc(spelling, canonical));
                yield return Resource.Create(RouteTranslation.ToCluster(spelling, canonical));
            }
        }
        else if (!name.IsPending)
        {
            var reason = name.Reason ?? (number is null ? Reasons.AmbiguousPort : Reasons.NoSuchPort);
            foreach (var resource in Dead(client, spelling, reason))
            {
                yield return resource;
            }
        }
    }

    // A cluster that exists and has no endpoints: a request fails at once, and the metadata says why.
    private static IEnumerable<Resource> Dead(ClientKind client, string spelling, string reason)
    {
        yield return Resource.Create(ClusterTranslation.Translate(client, spelling, spelling, null, reason));
        yield return Resource.Create(AssignmentTranslation.Empty(spelling, reason));
        if (client == ClientKind.Grpc)
        {
            yield return Resource.Create(RouteTranslation.ForGrpc(spelling, spelling));
            yield return Resource.Create(RouteTranslation.ToCluster(spelling, spelling));
        }
    }
}
