using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>A gateway with everything that changes from version to version set to zero. Immutable.</summary>
internal sealed record GatewayContent : Content
{
    private GatewayContent(Gateway template)
        : base(new EntryKey(LeafClass.Gateway, template.Network).Text, Document.Make(template).Digest) =>
        Template = template;

    /// <summary>The gateway with zeros.</summary>
    public Gateway Template { get; }

    /// <summary>The content of <paramref name="gateway"/>.</summary>
    public static GatewayContent Of(Gateway gateway) =>
        new(gateway with { Expires = 0, Issued = 0, Opening = default, Version = 0 });

    /// <summary>The content of a manifest, as <paramref name="publisher"/> would sign it.</summary>
    public static GatewayContent Of(NetworkGateway gateway, Digest publisher) => new(new Gateway
    {
        Addresses = [.. gateway.Addresses],
        Expires = 0,
        Identities = [.. gateway.Identities],
        Issued = 0,
        Network = gateway.Network,
        Opening = default,
        Publisher = publisher,
        Version = 0,
    });
}
