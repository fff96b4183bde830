using System.Text;
using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Tests;

internal static class Reading
{
    public static ManifestFile Of(string yaml, string file = "m.yaml") =>
        ManifestReader.Read(file, Encoding.UTF8.GetBytes(yaml));

    public static (string File, byte[]? Bytes) File(string file, string? yaml) =>
        (file, yaml is null ? null : Encoding.UTF8.GetBytes(yaml));

    public static string Service(string name, string more = "") => $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {name}
          namespace: shop
        spec:
          ports:
          - port: 80
        {more}
        """;
}
