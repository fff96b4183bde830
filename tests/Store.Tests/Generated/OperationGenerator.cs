using System.Globalization;
using System.Text;

namespace Fairlead.Store.Tests.Generated;

/// <summary>Draws requests over few keys, few values and near revisions, so that they meet each other often.</summary>
internal sealed class OperationGenerator(int seed)
{
    private static readonly string[] KeyNames = ["a", "a/1", "a/2", "a0", "b", "b/\u00e4", "c", "d", "e"];

    private readonly Random _random = new(seed);

    public bool Chance(int percent) => _random.Next(100) < percent;

    public int Next(int limit) => _random.Next(limit);

    public StoreKey Key() => StoreKey.FromText(KeyNames[_random.Next(KeyNames.Length)]);

    public ReadOnlyMemory<byte> Value() =>
        Encoding.UTF8.GetBytes(Chance(10) ? "" : _random.Next(6).ToString(CultureInfo.InvariantCulture));

    public KeyRange Range() => _random.Next(6) switch
    {
        0 => KeyRange.All,
        1 => KeyRange.Prefix(Key()),
        2 => KeyRange.Between(Key(), Key()),
        3 => KeyRange.From(Key()),
        _ => KeyRange.Single(Key()),
    };

    /// <summary>0, or a revision around those that exist: some compacted, some in the future.</summary>
    public long Revision(StoreStatus status) =>
        Chance(70) ? 0
        : Chance(20) ? _random.NextInt64(Math.Max(0, status.CompactedRevision - 2), status.Revision + 3)
        : _random.NextInt64(status.CompactedRevision, status.Revision + 1);

    public RangeRequest Read(StoreStatus status) => new(Range())
    {
        Revision = Revision(status),
        Limit = _random.Next(4),
        KeysOnly = Chance(20),
        CountOnly = Chance(10),
    };

    public Transaction Transaction(StoreStatus status) => new()
    {
        Compares = List(2, () => Compare(status)),
        Success = List(3, () => Operation(status)),
        Failure = List(3, () => Operation(status)),
    };

    public long Lease() => _random.Next(1, 4);

    private Compare Compare(StoreStatus status) => new(
        Key(),
        (CompareTarget)_random.Next(4),
        (CompareRelation)_random.Next(4),
        Chance(50) ? _random.Next(3) : _random.NextInt64(status.Revision + 1),
        Value());

    private Operation Operation(StoreStatus status) => _random.Next(10) switch
    {
        < 5 => new Operation.Put(Key(), Value(), Chance(12) ? Lease() : 0),
        5 => new Operation.Delete(Range()),
        6 => new Operation.Delete(KeyRange.Single(Key())),
        _ => new Operation.Get(Read(status)),
    };

    private List<T> List<T>(int most, Func<T> draw) =>
        [.. Enumerable.Range(0, _random.Next(most + 1)).Select(_ => draw())];
}
