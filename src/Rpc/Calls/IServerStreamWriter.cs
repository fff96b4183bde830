namespace Fairlead.Rpc;

/// <summary>The response stream of a handler. It ends when the handler returns.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
