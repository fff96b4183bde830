using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <content>What becomes known of the pod and of its home while it runs.</content>
internal sealed partial class ServedViews
{
    private AddressFamilies _families;
    private bool _isMet;

    /// <summary>The home is met: names are asked for from now on, and what no request waits for is told soon.</summary>
    internal void Meet()
    {
        lock (_telling)
        {
            lock (_gate)
            {
                _isMet = true;
            }

            foreach (var feed in Feeds())
            {
                feed.Meet();
            }
        }
    }

    /// <summary>The pod has addresses of these families from now on: both until something is said.</summary>
    internal void Reach(AddressFamilies families)
    {
        lock (_telling)
        {
            lock (_gate)
            {
                _families = families;
            }

            foreach (var feed in Feeds())
            {
                feed.Reach(families);
            }
        }
    }

    private void Begin(ViewFeed feed)
    {
        feed.Reach(_families);
        if (_isMet)
        {
            feed.Meet();
        }
    }
}
