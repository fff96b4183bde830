using System.Globalization;
using System.Net;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>Reads members with their types; what has another one becomes a problem, and the value that stands for
/// absence is returned, so that one pass finds every problem of a file.</summary>
internal static class Member
{
    /// <summary>The text of member <paramref name="name"/>; null where it is absent.</summary>
    public static string? Text(ManifestNode map, string name, ProblemList problems)
    {
        var node = map[name];
        if (node is { Text: null })
        {
            problems.Add(node.Line, $"{name} must be text");
        }

        return node?.Text;
    }

    /// <summary>The list that is member <paramref name="name"/>; empty where it is absent.</summary>
    public static IEnumerable<ManifestNode> List(ManifestNode map, string name, ProblemList problems)
    {
        var node = map[name];
        if (node is { IsList: false })
        {
            problems.Add(node.Line, $"{name} must be a list");
        }

        return node?.Items ?? [];
    }

    /// <summary>The map that is member <paramref name="name"/>; null where it is absent.</summary>
    public static ManifestNode? Map(ManifestNode map, string name, ProblemList problems)
    {
        var node = map[name];
        if (node is { IsMap: false })
        {
            problems.Add(node.Line, $"{name} must be a map");
            return null;
        }

        return node;
    }

    /// <summary>The truth value of member <paramref name="name"/>; null where it is absent.</summary>
    public static bool? Flag(ManifestNode map, string name, ProblemList problems)
    {
        switch (map[name])
        {
            case null:
                return null;
            case { Text: "true" }:
                return true;
            case { Text: "false" }:
                return false;
            case var node:
                problems.Add(node.Line, $"{name} must be true or false");
                return null;
        }
    }

    /// <summary>The port that is member <paramref name="name"/>; null where it is absent or out of range.</summary>
    public static int? Port(ManifestNode map, string name, ProblemList problems)
    {
        if (map[name] is not { } node)
        {
            return null;
        }

        if (int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is >= 1 and <= IPEndPoint.MaxPort)
        {
            return port;
        }

        problems.Add(node.Line, $"{name} {Shown(node)} is no port: give a number from 1 to 65535");
        return null;
    }

    /// <summary>How a message shows a value: quoted, cut, without control characters.</summary>
    public static string Shown(ManifestNode node)
    {
        const int shownMax = 80;
        if (node.Text is not { } text)
        {
            return node.IsList ? "(a list)" : "(a map)";
        }

        var head = text.Length > shownMax ? text[..shownMax] + "..." : text;
        return $"'{string.Concat(head.Select(c => char.IsControl(c) ? '?' : c))}'";
    }
}
