namespace Fairlead.Rpc;

/// <summary>What a request stream asks of its call.</summary>
internal interface ICallState
{
    /// <summary>Cancelled when the call ends early.</summary>
    CancellationToken Token { get; }

    /// <summary>The failure of a call that has failed, else null.</summary>
    RpcException? Ended { get; }

    /// <summary>The failure that an exception of the transport means.</summary>
    RpcException Describe(Exception exception);

    /// <summary>The caller gives up.</summary>
    void Cancel();
}
