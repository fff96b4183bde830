namespace Fairlead.Sidecar.Hosting;

/// <summary>What an Envoy does with endpoints of names that are not strict when the sidecar is gone.</summary>
internal enum SidecarLoss
{
    /// <summary>It uses what it has.</summary>
    Keep,

    /// <summary>It uses them for a while, and nothing then.</summary>
    Expire,
}
