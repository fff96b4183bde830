namespace Fairlead.Rpc;

/// <summary>A method without its message types.</summary>
public interface IMethod
{
    /// <summary>Which sides stream.</summary>
    MethodType Type { get; }

    /// <summary>The service's full name, <c>package.Service</c>.</summary>
    string ServiceName { get; }

    /// <summary>The method's own name.</summary>
    string Name { get; }

    /// <summary>The path on the wire, <c>/package.Service/Method</c>.</summary>
    string FullName { get; }

    /// <summary>Bytes of the largest request that the server takes in whole; null for the server's limit. One over it
    /// is refused by its prefix.</summary>
    int? MaxRequestBytes { get; }

    /// <summary>Bytes of the largest response that the server sends; null for the server's limit. A client takes no
    /// larger one, nor one over its channel's limit.</summary>
    int? MaxResponseBytes { get; }
}
