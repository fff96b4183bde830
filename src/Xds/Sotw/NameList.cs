using System.Text;

namespace Fairlead.Xds.Sotw;

/// <summary>The names of a request in their order. Not safe for concurrent use.</summary>
internal sealed class NameList(IEnumerable<string> names)
{
    private readonly string[] _names = [.. names];

    public IReadOnlyList<string> Names => _names;

    /// <summary>Exchanges each name for one that is equal, of which there is one already.</summary>
    public void Share(Func<string, string> shared)
    {
        for (var i = 0; i < _names.Length; i++)
        {
            _names[i] = shared(_names[i]);
        }
    }

    /// <summary>Whether bytes, which are fields of one name each, say this list: compared as they stand.</summary>
    /// <remarks>Names that are not ASCII are never found equal.</remarks>
    public bool IsIn(ReadOnlySpan<byte> fields)
    {
        foreach (var name in _names)
        {
            if (!WireReader.TryTake(ref fields, out _, out var value) || !Ascii.Equals(value, name))
            {
                return false;
            }
        }

        return fields.IsEmpty;
    }
}
