using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>
/// The part of a name that a segment's own documents use: <c>service.namespace.svc</c>, with <c>host.</c> in front for
/// one endpoint. Equal by text. Immutable, thread-safe.
/// </summary>
public sealed record ServicePart
{
    private ServicePart(string text)
    {
        Text = text;
        var labels = text.Split('.');
        Host = labels.Length == 4 ? labels[0] : null;
        Service = labels[^3];
        Namespace = labels[^2];
    }

    /// <summary>The labels with dots between them.</summary>
    public string Text { get; }

    /// <summary>The endpoint's host, or null for the service as a whole.</summary>
    public string? Host { get; }

    /// <summary>The service's label.</summary>
    public string Service { get; }

    /// <summary>The namespace's label.</summary>
    public string Namespace { get; }

    /// <summary>This part without its host: the name of the record.</summary>
    public ServicePart WithoutHost => Host is null ? this : new ServicePart(Text[(Host.Length + 1)..]);

    /// <summary>Where a Link may occlude this name: its suffixes of three and two labels, longest first
    /// (V24).</summary>
    public ImmutableArray<string> LinkPoints => [$"{Service}.{Namespace}.svc", $"{Namespace}.svc"];

    /// <summary>Reads a service part; else <c>BadName</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out ServicePart? name, [NotNullWhen(false)] out Refusal? refusal)
    {
        var good = text is not null && Labels.Count(text) is 3 or 4 && text!.EndsWith(".svc", StringComparison.Ordinal);
        name = good ? new ServicePart(text!) : null;
        refusal = good ? null : Labels.Bad(text, "a service part (service.namespace.svc)");
        return good;
    }

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not a service part.</exception>
    public static ServicePart Parse(string text) =>
        TryParse(text, out var name, out var refusal) ? name : throw new FormatException(refusal.Detail);

    /// <summary>The labels with dots between them.</summary>
    public override string ToString() => Text;
}
