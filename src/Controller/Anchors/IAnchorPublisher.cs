using Fairlead.Controller.Publishing;

namespace Fairlead.Controller.Anchors;

/// <summary>One anchor as a publisher sees it. Thread-safe.</summary>
internal interface IAnchorPublisher
{
    /// <summary>Its address, for people.</summary>
    string Address { get; }

    /// <summary>
    /// Offers entries. Reports come as they happen, at most three per entry; the sequence ends when each is sealed or
    /// refused, or when the anchor ends the call.
    /// </summary>
    /// <exception cref="AnchorFailureException">The anchor could not be reached or broke the call off.</exception>
    IAsyncEnumerable<PublishReport> PublishAsync(
        IReadOnlyList<SignedEntry> entries, CancellationToken cancellationToken);

    /// <summary>All leaves of this publisher under the newest certified seal that the anchor has, and the Credential
    /// that admits it, which older anchors do not show.</summary>
    /// <param name="withSources">Whether each is to come as it was published as well.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="AnchorFailureException">The anchor could not be reached or broke the call off.</exception>
    Task<IReadOnlyList<StateLeaf>> ReadStateAsync(bool withSources, CancellationToken cancellationToken);
}
