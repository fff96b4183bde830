using System.Net;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// Follows in which families the pod has an address that leads out of it, until it is disposed. Thread-safe.
/// </summary>
/// <remarks>It looks for itself: on Linux .NET tells of changes of IPv4 addresses and not of IPv6 ones (10.0.12:
/// <c>NetworkChange.NetworkAddressChanged</c>, seen with <c>ip address add</c>).</remarks>
internal sealed class PodFamilies : IDisposable
{
    /// <summary>How long a change may go unseen.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Func<IEnumerable<IPAddress>?> _read;
    private readonly Action<AddressFamilies> _tell;
    private readonly Action<string> _trouble;
    private readonly ITimer _timer;
    private AddressFamilies _told;
    private bool _isInTrouble;

    /// <summary>Tells them now, and again whenever they are others.</summary>
    /// <param name="read">The addresses that the pod has now; null where nobody knows, when what was told last
    /// stays.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Hears the families.</param>
    /// <param name="trouble">Hears why a later look failed, of several in a row of the first.</param>
    internal PodFamilies(
        Func<IEnumerable<IPAddress>?> read, TimeProvider time, Action<AddressFamilies> tell, Action<string> trouble)
    {
        (_read, _tell, _trouble, _told) = (read, tell, trouble, FamilyTranslation.Of(read() ?? []));
        tell(_told);

        // Started anew each time, so that no two run at once.
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            if (_read() is { } addresses && FamilyTranslation.Of(addresses) is var now && now != _told)
            {
                _tell(now);
                _told = now;
            }

            _isInTrouble = false;
        }
        catch (Exception e)
        {
            // On a thread of the pool it would end the process.
            if (!_isInTrouble)
            {
                _trouble(e.Message);
            }

            _isInTrouble = true;
        }
        finally
        {
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
        }
    }
}
