using System.Net;

namespace Fairlead.Cli.Demo;

/// <summary>A service behind one endpoint address, which says in its response which endpoint it is.</summary>
internal interface IBackend : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    IPEndPoint Address { get; }

    /// <summary>How many requests it has answered.</summary>
    long Requests { get; }
}
