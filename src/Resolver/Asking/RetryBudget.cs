namespace Fairlead.Resolver.Asking;

/// <summary>
/// What retries may cost: each spends one, each success earns a tenth, so that an outage is not answered by a multiple
/// of the load. Thread-safe.
/// </summary>
/// <param name="max">How many may be made without a success in between.</param>
internal sealed class RetryBudget(int max)
{
    private const int Share = 10;

    private readonly Lock _gate = new();
    private int _tenths = max * Share;

    internal bool TrySpend()
    {
        lock (_gate)
        {
            if (_tenths < Share)
            {
                return false;
            }

            _tenths -= Share;
            return true;
        }
    }

    internal void Earn()
    {
        lock (_gate)
        {
            _tenths = Math.Min(max * Share, _tenths + 1);
        }
    }
}
