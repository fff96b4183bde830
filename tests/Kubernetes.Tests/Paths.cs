using System.Reflection;

namespace Fairlead.Kubernetes.Tests;

internal static class Paths
{
    public static string Root { get; } = typeof(Paths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static string Cases => Path.Combine(Root, "tests", "Kubernetes.Tests", "Cases");

    public static string Samples => Path.Combine(Root, "samples", "shop");
}
