namespace Fairlead.Rpc;

/// <summary>What ended a call from outside its handler; the first one counts.</summary>
internal enum CallEnd
{
    None,
    Gone,
    Deadline,
    Stopping,
    StalledReader,
    SlowRequest,
}
