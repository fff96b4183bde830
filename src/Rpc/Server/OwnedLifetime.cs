using Microsoft.Extensions.Hosting;

namespace Fairlead.Rpc;

/// <summary>A host that somebody owns: it takes no signals.</summary>
internal sealed class OwnedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
