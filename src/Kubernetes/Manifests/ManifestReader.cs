using Fairlead.Configuration.Yaml;
using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// Reads the objects of one file: several documents, each an object or a <c>kind: List</c> as kubectl prints it. Kinds
/// and members that Fairlead does not use are skipped. Stateless, thread-safe.
/// </summary>
internal static class ManifestReader
{
    private const string ExportGroup = "multicluster.x-k8s.io/";
    private const string BundleGroup = "certificates.k8s.io/";
    private const string GatewayGroup = "gateway.networking.k8s.io/";

    // A file may hold a whole cluster's objects, and custom resources nest deeper than those that are read.
    private static readonly YamlLimits Limits = new()
    {
        BytesMax = ManifestLimits.FileBytesMax, DepthMax = 64, NodesMax = 4_000_000,
    };

    /// <summary>The objects of the bytes of <paramref name="file"/>. Never throws for what they hold.</summary>
    public static ManifestFile Read(string file, ReadOnlySpan<byte> bytes)
    {
        var reading = new Reading(file);
        var yaml = YamlReader.Read(bytes, file, Limits);
        if (yaml.Error is { } error)
        {
            var remedy = error.Remedy.Length == 0 ? string.Empty : $"; {error.Remedy}";
            var problem = new ManifestProblem(
                new(file, Math.Max(1, error.Line)), $"{error.Kind}: {error.Problem}{remedy}");
            return new(ManifestContent.Empty, [problem]);
        }

        foreach (var document in yaml.Documents)
        {
            reading.Document(new(document));
        }

        return reading.Finish();
    }

    private sealed class Reading(string file)
    {
        private readonly ProblemList _problems = new(file);
        private readonly List<Service> _services = [];
        private readonly List<EndpointSlice> _slices = [];
        private readonly List<ServiceExport> _exports = [];
        private readonly List<ServiceImport> _imports = [];
        private readonly List<ClusterTrustBundle> _bundles = [];
        private readonly List<NetworkGateway> _gateways = [];

        public void Document(ManifestNode document)
        {
            if (document.IsNull)
            {
                return;
            }

            var (version, kind) = (document["apiVersion"]?.Text, document["kind"]?.Text);
            if (version is null || kind is null)
            {
                _problems.Add(document.Line, "a manifest needs apiVersion and kind: this document has not both");
            }
            else if (kind.EndsWith("List", StringComparison.Ordinal))
            {
                // The items of a typed list (ServiceList), as the API server itself prints it, do not repeat their
                // kind.
                foreach (var item in Member.List(document, "items", _problems))
                {
                    Object(item, item["apiVersion"]?.Text ?? version, item["kind"]?.Text ?? kind[..^"List".Length]);
                }
            }
            else
            {
                Object(document, version, kind);
            }
        }

        public ManifestFile Finish()
        {
            var content = new ManifestContent(_services, _slices, _exports)
            {
                ServiceImports = _imports,
                TrustBundles = _bundles,
                Gateways = _gateways,
            };
            var seen = new Dictionary<(string, ObjectKey), ManifestLocation>();
            foreach (var (kind, key, location) in content.Identities())
            {
                if (!seen.TryAdd((kind, key), location))
                {
                    _problems.Add(location.Line, Duplicate(kind, key, seen[(kind, key)]));
                }
            }

            return new(content, [.. _problems.Problems.OrderBy(problem => problem.Location)]);
        }

        private void Object(ManifestNode node, string version, string kind)
        {
            switch (kind)
            {
                case "Service" when version == "v1":
                    Add(node, kind, _services, ServiceReader.Read);
                    break;
                case "EndpointSlice" when version == "discovery.k8s.io/v1":
                    Add(node, kind, _slices, EndpointSliceReader.Read);
                    break;
                case "EndpointSlice" when version.StartsWith("discovery.k8s.io/", StringComparison.Ordinal):
                    _problems.Add(
                        node.Line, $"EndpointSlice has apiVersion {Member.Shown(node["apiVersion"] ?? node)}: "
                        + "only discovery.k8s.io/v1 is read, which clusters serve since 1.21");
                    break;
                case "ServiceExport" when version is ExportGroup + "v1alpha1" or ExportGroup + "v1beta1":
                    Add(node, kind, _exports, ServiceExportReader.Read);
                    break;
                case "ServiceImport" when version is ExportGroup + "v1alpha1" or ExportGroup + "v1beta1":
                    Add(node, kind, _imports, ServiceImportReader.Read);
                    break;
                case "ServiceExport" or "ServiceImport"
                    when version.StartsWith(ExportGroup, StringComparison.Ordinal):
                    _problems.Add(
                        node.Line, $"{kind} has apiVersion {Member.Shown(node["apiVersion"] ?? node)}: "
                        + $"only {ExportGroup}v1alpha1 and v1beta1 are read");
                    break;
                case "ClusterTrustBundle" when version.StartsWith(BundleGroup, StringComparison.Ordinal):
                    Add(node, kind, _bundles, TrustBundleReader.Read);
                    break;
                case "Gateway" when version is GatewayGroup + "v1" or GatewayGroup + "v1beta1":
                    Add(node, kind, _gateways, GatewayReader.Read);
                    break;
                default:
                    break;
            }
        }

        private void Add<T>(ManifestNode node, string kind, List<T> objects, Func<ObjectHeader, ProblemList, T?> read)
            where T : class
        {
            if (Header(node, kind) is { } header && read(header, _problems) is { } found)
            {
                objects.Add(found);
            }
        }

        private ObjectHeader? Header(ManifestNode node, string kind)
        {
            var metadata = Member.Map(node, "metadata", _problems);
            if (metadata?["name"] is not { Text: { } name } nameNode)
            {
                _problems.Add(node.Line, $"{kind} has no metadata.name: give it one");
                return null;
            }

            // A record is named after Service and namespace; the others lend their names to nothing. That of a bundle
            // begins with its signer's, with colons between.
            var isName = kind switch
            {
                "EndpointSlice" or "Gateway" => ObjectNames.IsObjectName(name),
                "ClusterTrustBundle" => name.Split(':').All(ObjectNames.IsObjectName),
                _ => ObjectNames.IsLabel(name),
            };
            if (!isName)
            {
                _problems.Add(nameNode.Line, $"metadata.name {Member.Shown(nameNode)} of a {kind} is out of the limits "
                    + $"(BadName): {ObjectNames.LabelRule}");
            }

            var space = metadata["namespace"];
            if (space is not null && !ObjectNames.IsLabel(space.Text))
            {
                _problems.Add(space.Line, $"metadata.namespace {Member.Shown(space)} of a {kind} is out of the limits "
                    + $"(BadName): {ObjectNames.LabelRule}");
                isName = false;
            }

            return isName ? new(kind, new(space?.Text ?? "default", name), metadata, node) : null;
        }
    }

    /// <summary>What is said about an object that stands twice.</summary>
    internal static string Duplicate(string kind, ObjectKey key, ManifestLocation first) =>
        $"duplicate {kind} {key}, which already stands at {first}: remove one of them";
}
