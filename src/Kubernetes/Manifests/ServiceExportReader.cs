using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads a ServiceExport, of which only the name matters.</summary>
internal static class ServiceExportReader
{
    /// <summary>The export that <paramref name="header"/> opens.</summary>
    public static ServiceExport Read(ObjectHeader header, ProblemList problems) =>
        new(header.Key, problems.At(header.Root.Line));
}
