namespace Fairlead.Naming;

/// <summary>Strings in the order of their canonical bytes, which end in a quote: a space or <c>!</c> sorts below the
/// end.
/// </summary>
internal static class CanonicalOrder
{
    internal static int Compare(string left, string right)
    {
        var shared = left.AsSpan().CommonPrefixLength(right);
        var one = shared < left.Length ? left[shared] : '"';
        var two = shared < right.Length ? right[shared] : '"';
        return left.Length == right.Length && shared == left.Length ? 0 : one.CompareTo(two);
    }
}
