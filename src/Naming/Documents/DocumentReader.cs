using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fairlead.Naming.Names;

namespace Fairlead.Naming;

/// <summary>
/// Takes the members out of one parsed object. The first refusal is kept and everything after it yields defaults, so
/// that a document type reads as a list of its members. Used on one thread.
/// </summary>
public sealed class DocumentReader
{
    private readonly JsonNode _node;
    private readonly string _where;
    private readonly DocumentReader? _outer;
    private Refusal? _refusal;
    private int _taken;

    internal DocumentReader(JsonNode node, string where, DocumentReader? outer = null)
    {
        _node = node;
        _where = where;
        _outer = outer;
    }

    internal delegate bool TextParser<T>(
        string? text, [NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Refusal? refusal);

    internal Refusal? Refusal => _outer is null ? _refusal : _outer.Refusal;

    internal long Integer(string name, long max = Limits.IntegerMax) =>
        OptionalInteger(name, max) ?? Missing<long>(name);

    internal long? OptionalInteger(string name, long max = Limits.IntegerMax) =>
        Take(name, JsonKind.Integer) is not { } node ? null
        : node.Integer <= max ? node.Integer
        : Refuse<long>(name, $"an integer above {max}");

    internal string Text(string name) => OptionalText(name) ?? Missing<string>(name) ?? "";

    internal string? OptionalText(string name) =>
        Take(name, JsonKind.String) is { } node ? ShortText(node, name) : null;

    internal string Choice(string name, params ReadOnlySpan<string> words) =>
        OptionalText(name) is { } text ? Choose(text, name, words) : Missing<string>(name) ?? "";

    internal string? OptionalChoice(string name, params ReadOnlySpan<string> words) =>
        OptionalText(name) is { } text ? Choose(text, name, words) : null;

    internal Digest Digest(string name) => OptionalDigest(name) ?? Missing<Digest>(name);

    internal Digest? OptionalDigest(string name) =>
        OptionalText(name) is not { } text ? null
        : Naming.Digest.TryParse(text, out var digest) ? digest
        : Refuse<Digest>(name, "no digest");

    internal Hex16 Hex16(string name) => OptionalHex16(name) ?? Missing<Hex16>(name);

    internal Hex16? OptionalHex16(string name) =>
        OptionalText(name) is not { } text ? null
        : Naming.Hex16.TryParse(text, out var value) ? value
        : Refuse<Hex16>(name, "not 16 bytes in hex");

    internal T Value<T>(string name, TextParser<T> parse)
        where T : class => OptionalValue(name, parse) ?? Missing<T>(name)!;

    internal T? OptionalValue<T>(string name, TextParser<T> parse)
        where T : class => OptionalText(name) is { } text ? ParseText(text, name, parse) : null;

    internal T Object<T>(string name, Func<DocumentReader, T> read)
        where T : class => OptionalObject(name, read) ?? Missing<T>(name)!;

    internal T? OptionalObject<T>(string name, Func<DocumentReader, T> read)
        where T : class => Take(name, JsonKind.Object) is { } node ? ReadObject(node, name, read) : null;

    /// <summary>A list of objects, ascending by <paramref name="order"/>, or in the author's order where it is
    /// null.</summary>
    internal ImmutableArray<T> Objects<T>(string name, Func<DocumentReader, T> read, int max, Comparison<T>? order)
        where T : class => List(name, max, (node, where) => ReadObject(node, where, read), order);

    /// <summary>A list of strings with a form, ascending by their text.</summary>
    internal ImmutableArray<T> Values<T>(string name, TextParser<T> parse, int max = Limits.ListItems)
        where T : class =>
        List(
            name,
            max,
            (node, where) =>
                Kind(node, JsonKind.String, where) ? ParseText(ShortText(node, where), where, parse) : null,
            static (left, right) => CanonicalOrder.Compare(left.ToString()!, right.ToString()!));

    internal ImmutableArray<string> Texts(string name, int max = Limits.ListItems, bool longer = false) =>
        List(
            name,
            max,
            (node, where) => !Kind(node, JsonKind.String, where) ? null : longer ? node.Text : ShortText(node, where),
            CanonicalOrder.Compare);

    internal ImmutableArray<string> Choices(string name, string[] words) =>
        List(
            name,
            words.Length,
            (node, where) => Kind(node, JsonKind.String, where) ? Choose(node.Text, where, words) : null,
            CanonicalOrder.Compare);

    internal ImmutableArray<Digest> Digests(string name, int max) =>
        [.. Texts(name, max).Select(text => Naming.Digest.TryParse(text, out var digest)
            ? digest
            : Refuse<Digest>(name, "no digest"))];

    /// <summary>A list of integers in the author's order, with repeats.</summary>
    internal ImmutableArray<int> Integers(string name, int max, int largest) =>
        [.. List(
            name,
            max,
            (node, where) => !Kind(node, JsonKind.Integer, where) || node.Integer > largest
                ? RefuseNode(where, $"no integer up to {largest}")
                : node,
            null).Select(node => (int)node.Integer)];

    internal string Label(string name) => OptionalLabel(name) ?? Missing<string>(name) ?? "";

    internal string? OptionalLabel(string name)
    {
        var text = OptionalText(name);
        if (text is not null && !Labels.IsLabel(text))
        {
            Note(Labels.Bad(text, "a label") with { Where = Path(name) });
        }

        return text;
    }

    internal string Address(string name)
    {
        var text = Text(name);
        if (!IpAddress.TryParse(text, out _, out var refusal))
        {
            Note(refusal with { Where = Path(name) });
        }

        return text;
    }

    /// <summary>A list of networks, ascending by their text.</summary>
    internal ImmutableArray<string> Networks(string name)
    {
        var texts = Texts(name);
        for (var i = 0; i < texts.Length; i++)
        {
            if (!IpNetworks.TryParse(texts[i], out _, out var refusal))
            {
                Note(refusal with { Where = Path($"{name}[{i}]") });
            }
        }

        return texts;
    }

    /// <summary>A list of trust domains, ascending by their text.</summary>
    internal ImmutableArray<string> TrustDomains(string name)
    {
        var texts = Texts(name);
        Unless(texts.All(SpiffeId.IsTrustDomain), name, "no trust domain of SPIFFE");
        return texts;
    }

    internal Floor Floor(string name) =>
        Take(name, JsonKind.Object) is { } node ? ReadFloor(node, name) : Missing<Floor>(name);

    internal ImmutableArray<T> Required<T>(string name, ImmutableArray<T> list)
    {
        Unless(!list.IsEmpty, name, "missing");
        return list;
    }

    internal void Unless(bool condition, string name, string detail)
    {
        if (!condition)
        {
            Note(Form(name, detail));
        }
    }

    /// <summary>The extensions, of which none that are critical is known (V56).</summary>
    /// <param name="bytesMax">The most bytes of names and texts together.</param>
    internal (ImmutableArray<string> Crit, ImmutableSortedDictionary<string, string> Ext) Extensions(
        int bytesMax = Limits.EpochBytes + Limits.EnvelopeBytes)
    {
        var crit = Texts("crit");
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, node) in Take("ext", JsonKind.Object)?.Members ?? [])
        {
            all[key] = Kind(node, JsonKind.String, "ext") ? ShortText(node, "ext") ?? "" : "";
        }

        if (all.Sum(one => one.Key.Length + one.Value.Length) is var bytes && bytes > bytesMax)
        {
            Note(new Refusal(VerificationFailure.TooLarge, Path("ext"), $"{bytes} bytes, at most {bytesMax}"));
        }

        foreach (var key in crit)
        {
            Note(all.ContainsKey(key)
                ? new Refusal(VerificationFailure.CriticalExtension, Path("crit"), $"extension {key} is not known")
                : Form("crit", $"{key} is no key of ext"));
        }

        return (crit, all.ToImmutable());
    }

    /// <summary>V56: whether this verifier may judge the members at all.</summary>
    internal void CheckVersion()
    {
        if (_node.Find("min_verifier") is { Kind: JsonKind.Integer, Integer: > Limits.VerifierVersion } version)
        {
            Note(new Refusal(
                VerificationFailure.VerifierTooOld, Path("min_verifier"),
                $"needs a verifier of version {version.Integer}"));
        }
    }

    /// <summary>Refuses what no member was asked for.</summary>
    internal void Finish() =>
        Unless(_taken == _node.Members.Count, "", $"{_node.Members.Count - _taken} unknown members");

    private ImmutableArray<T> List<T>(string name, int max, Func<JsonNode, string, T?> read, Comparison<T>? order)
        where T : class
    {
        if (Take(name, JsonKind.List) is not { } list)
        {
            return [];
        }

        if (list.Items.Count > max)
        {
            Note(new Refusal(VerificationFailure.TooLarge, Path(name), $"{list.Items.Count} elements, at most {max}"));
            return [];
        }

        var items = ImmutableArray.CreateBuilder<T>(list.Items.Count);
        foreach (var node in list.Items)
        {
            if (read(node, $"{name}[{items.Count}]") is not { } item || Refusal is not null)
            {
                return [];
            }

            if (order is not null && items.Count > 0 && order(items[^1], item) >= 0)
            {
                Note(Form($"{name}[{items.Count}]", "does not ascend"));
                return [];
            }

            items.Add(item);
        }

        return items.ToImmutable();
    }

    private JsonNode? Take(string name, JsonKind kind)
    {
        if (_node.Find(name) is not { } node)
        {
            return null;
        }

        _taken++;
        return Kind(node, kind, name) ? node : null;
    }

    private bool Kind(JsonNode node, JsonKind kind, string name)
    {
        Unless(node.Kind == kind, name, $"not {kind}");
        return node.Kind == kind;
    }

    private T? ReadObject<T>(JsonNode node, string name, Func<DocumentReader, T> read)
        where T : class
    {
        if (!Kind(node, JsonKind.Object, name))
        {
            return null;
        }

        var inner = new DocumentReader(node, Path(name), this);
        var value = read(inner);
        inner.Finish();
        return value;
    }

    private Floor ReadFloor(JsonNode node, string name)
    {
        var inner = new DocumentReader(node, Path(name), this);
        var floor = new Floor(inner.Digest("digest"), inner.Integer("epoch"));
        inner.Finish();
        return floor;
    }

    private string? ShortText(JsonNode node, string name)
    {
        Unless(node.Text.Length <= Limits.StringBytes, name, $"a string of {node.Text.Length} bytes");
        return node.Text.Length <= Limits.StringBytes ? node.Text : null;
    }

    private T? ParseText<T>(string? text, string name, TextParser<T> parse)
        where T : class
    {
        if (text is null)
        {
            return null;
        }

        if (parse(text, out var value, out var refusal))
        {
            return value;
        }

        Note(refusal with { Where = Path(name) });
        return null;
    }

    private string Choose(string text, string name, ReadOnlySpan<string> words)
    {
        Unless(words.Contains(text), name, "not one of the words it may be");
        return text;
    }

    private T? Missing<T>(string name) => Refuse<T>(name, "missing");

    private T? Refuse<T>(string name, string detail)
    {
        Note(Form(name, detail));
        return default;
    }

    private JsonNode? RefuseNode(string name, string detail) => Refuse<JsonNode>(name, detail);

    private Refusal Form(string name, string detail) =>
        new(VerificationFailure.NonCanonicalPayload, Path(name), detail);

    private string Path(string name) => name.Length == 0 ? _where : $"{_where}.{name}";

    private void Note(Refusal refusal)
    {
        if (_outer is null)
        {
            _refusal ??= refusal;
        }
        else
        {
            _outer.Note(refusal);
        }
    }
}
