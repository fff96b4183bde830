namespace Fairlead.Store;

/// <summary>The checks that need nothing but the request: the same for every implementation, made before anything is
/// touched.</summary>
internal static class RequestRules
{
    public static void Check(RangeRequest request, StoreLimits limits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(request.Revision);
        ArgumentOutOfRangeException.ThrowIfNegative(request.Limit);
        Check(request.Range, limits);
    }

    public static void Check(KeyRange range, StoreLimits limits)
    {
        // The end of a single key's range is one byte longer than the key.
        if (range.Start.Length > limits.KeyBytesMax || range.End?.Length > limits.KeyBytesMax + 1)
        {
            throw new StoreException(StoreError.KeyTooLarge, $"a bound of a range exceeds {limits.KeyBytesMax} bytes");
        }
    }

    public static void Check(Transaction transaction, StoreLimits limits)
    {
        CheckCount("comparisons", transaction.Compares.Count, limits);
        CheckCount("success operations", transaction.Success.Count, limits);
        CheckCount("failure operations", transaction.Failure.Count, limits);
        long bytes = 0;
        foreach (var compare in transaction.Compares)
        {
            CheckKey(compare.Key, limits);
            bytes += compare.Key.Length + compare.Value.Length;
        }

        bytes += CheckOperations(transaction.Success, limits) + CheckOperations(transaction.Failure, limits);
        if (bytes > limits.RequestBytesMax)
        {
            throw new StoreException(
                StoreError.RequestTooLarge, $"{bytes} bytes of keys and values exceed {limits.RequestBytesMax}");
        }
    }

    public static TimeSpan CheckTtl(TimeSpan ttl, StoreLimits limits)
    {
        if (ttl <= TimeSpan.Zero || ttl > limits.LeaseTtlMax)
        {
            throw new StoreException(
                StoreError.LeaseTtlOutOfRange, $"{ttl} lies outside 1 s to {limits.LeaseTtlMax}");
        }

        return TimeSpan.FromSeconds((ttl.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
    }

    /// <summary>How many entries a read returns at most.</summary>
    public static int Limit(RangeRequest request, StoreLimits limits) =>
        request.Limit == 0 ? limits.RangeEntriesMax : Math.Min(request.Limit, limits.RangeEntriesMax);

    private static void CheckCount(string what, int count, StoreLimits limits)
    {
        if (count > limits.OperationsMax)
        {
            throw new StoreException(
                StoreError.TooManyOperations, $"{count} {what} exceed {limits.OperationsMax}");
        }
    }

    private static void CheckKey(StoreKey key, StoreLimits limits)
    {
        if (key.Length == 0)
        {
            throw new StoreException(StoreError.EmptyKey, "a key has at least one byte");
        }

        if (key.Length > limits.KeyBytesMax)
        {
            throw new StoreException(
                StoreError.KeyTooLarge, $"a key of {key.Length} bytes exceeds {limits.KeyBytesMax}");
        }
    }

    private static long CheckOperations(IReadOnlyList<Operation> operations, StoreLimits limits)
    {
        long bytes = 0;
        var written = new HashSet<StoreKey>();
        foreach (var operation in operations)
        {
            bytes += CheckOperation(operation, written, limits);
        }

        foreach (var delete in operations.OfType<Operation.Delete>())
        {
            foreach (var key in written.Where(delete.Range.Contains))
            {
                throw new StoreException(StoreError.DuplicateKey, $"{key} is both written and deleted");
            }
        }

        return bytes;
    }

    private static long CheckOperation(Operation operation, HashSet<StoreKey> written, StoreLimits limits)
    {
        switch (operation)
        {
            case Operation.Put put:
                CheckKey(put.Key, limits);
                if (put.Value.Length > limits.ValueBytesMax)
                {
                    throw new StoreException(
                        StoreError.ValueTooLarge,
                        $"a value of {put.Value.Length} bytes exceeds {limits.ValueBytesMax}");
                }

                return written.Add(put.Key)
                    ? put.Key.Length + put.Value.Length
                    : throw new StoreException(StoreError.DuplicateKey, $"{put.Key} is written twice");
            case Operation.Delete delete:
                Check(delete.Range, limits);
                return delete.Range.Start.Length + (delete.Range.End?.Length ?? 0);
            case Operation.Get get:
                Check(get.Request, limits);
                return get.Request.Range.Start.Length + (get.Request.Range.End?.Length ?? 0);
            default:
                throw new InvalidOperationException($"unknown operation {operation.GetType().Name}");
        }
    }
}
