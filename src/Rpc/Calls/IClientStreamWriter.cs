namespace Fairlead.Rpc;

/// <summary>The request stream of a client.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Half-closes: no more requests will come.</summary>
    Task CompleteAsync();
}
