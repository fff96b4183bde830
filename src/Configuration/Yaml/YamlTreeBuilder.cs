using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fairlead.Configuration.Yaml;

/// <summary>Builds nodes from parser events with a stack of its own. Every event costs a constant, and each node is
/// counted before it is built. For one reading; not safe for concurrent use.</summary>
internal sealed class YamlTreeBuilder(string source, YamlLimits limits)
{
    private readonly Stack<Open> _open = new();
    private int _nodes;

    internal List<YamlNode> Documents { get; } = [];

    internal void Take(ParsingEvent parsed)
    {
        switch (parsed)
        {
            case AnchorAlias:
                throw Refuse(parsed, ConfigurationErrorKind.Unsupported, "an alias (`*name`)", "write the value out");
            case Scalar scalar:
                Count(scalar);
                Add(Read(scalar));
                break;
            case SequenceStart or MappingStart:
                Count((NodeEvent)parsed);
                if (_open.Count == limits.DepthMax)
                {
                    throw Refuse(
                        parsed, ConfigurationErrorKind.TooDeep,
                        $"nested deeper than {limits.DepthMax} levels", "flatten it");
                }

                _open.Push(new Open(parsed));
                break;
            case SequenceEnd or MappingEnd:
                Add(_open.Pop().Close());
                break;
        }
    }

    private void Add(YamlNode node)
    {
        if (_open.TryPeek(out var parent))
        {
            parent.Take(node, this);
        }
        else if (node is not YamlScalar { IsNull: true })
        {
            Documents.Add(node); // an empty document is only a separator too many
        }
    }

    private void Count(NodeEvent node)
    {
        if (++_nodes > limits.NodesMax)
        {
            throw Refuse(
                node, ConfigurationErrorKind.TooLarge,
                $"more than {limits.NodesMax} values", "split it into smaller files");
        }

        // The core schema's tags only confirm what is there; any other changes what a value means.
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific && !IsCore(node.Tag.Value))
        {
            throw Refuse(node, ConfigurationErrorKind.Unsupported, "a tag (`!name`)", "remove the tag");
        }
    }

    private static bool IsCore(string tag) => tag is "tag:yaml.org,2002:str" or "tag:yaml.org,2002:int"
        or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:float" or "tag:yaml.org,2002:null"
        or "tag:yaml.org,2002:map" or "tag:yaml.org,2002:seq";

    private YamlScalar Read(Scalar scalar)
    {
        if (scalar.Value.Length > limits.ScalarMax)
        {
            throw Refuse(
                scalar, ConfigurationErrorKind.TooLarge,
                $"a value of {scalar.Value.Length} characters, more than the {limits.ScalarMax} allowed", "shorten it");
        }

        var plain = scalar.Style == ScalarStyle.Plain && scalar.Tag != "tag:yaml.org,2002:str";
        return new YamlScalar(scalar.Value, plain, (int)scalar.Start.Line, (int)scalar.Start.Column);
    }

    private YamlRefusedException Refuse(ParsingEvent at, ConfigurationErrorKind kind, string problem, string remedy) =>
        new(new ConfigurationError(kind, source, (int)at.Start.Line, (int)at.Start.Column, problem, remedy));

    private YamlRefusedException Refuse(YamlNode at, ConfigurationErrorKind kind, string problem, string remedy) =>
        new(new ConfigurationError(kind, source, at.Line, at.Column, problem, remedy));

    /// <summary>A sequence or mapping whose end has not come yet.</summary>
    private sealed class Open(ParsingEvent start)
    {
        private readonly List<YamlNode> _items = [];
        private readonly List<YamlEntry> _entries = [];
        private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
        private readonly bool _isMapping = start is MappingStart;
        private YamlScalar? _key;

        internal void Take(YamlNode node, YamlTreeBuilder builder)
        {
            if (!_isMapping)
            {
                _items.Add(node);
            }
            else if (_key is not null)
            {
                _entries.Add(new YamlEntry(_key, node));
                _key = null;
            }
            else if (node is not YamlScalar key)
            {
                throw builder.Refuse(
                    node, ConfigurationErrorKind.Unsupported, $"a key that is {node.Shape}", "use a text as key");
            }
            else if (!_keys.Add(key.Value))
            {
                throw builder.Refuse(
                    key, ConfigurationErrorKind.DuplicateKey, $"the key `{Shown.Of(key.Value)}` stands here twice",
                    "keep one");
            }
            else
            {
                _key = key;
            }
        }

        internal YamlNode Close()
        {
            var (line, column) = ((int)start.Start.Line, (int)start.Start.Column);
            return _isMapping ? new YamlMapping(_entries, line, column) : new YamlSequence(_items, line, column);
        }
    }
}
