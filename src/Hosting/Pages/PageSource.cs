namespace Fairlead.Hosting;

/// <summary>Makes a page for one request. Called by several requests at once.</summary>
/// <param name="cancellationToken">Cancelled when the client is gone.</param>
public delegate ValueTask<Page> PageSource(CancellationToken cancellationToken);
