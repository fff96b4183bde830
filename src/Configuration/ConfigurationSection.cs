using Fairlead.Configuration.Yaml;

namespace Fairlead.Configuration;

/// <summary>A mapping of a configuration, read by typed questions. A question about a wrong or missing value notes an
/// error and returns its fallback or an empty value, so that one pass finds everything. Every key that was asked for
/// is a known key; all others become errors. Not safe for concurrent use.</summary>
public sealed partial class ConfigurationSection
{
    private readonly ConfigurationFile _file;
    private readonly string _path;
    private readonly YamlMapping _mapping;
    private readonly bool _hasVariables;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <summary>One object per key, so that what any caller asked for is known to all.</summary>
    private readonly Dictionary<string, IReadOnlyList<ConfigurationSection>> _below = new(StringComparer.Ordinal);

    internal ConfigurationSection(
        ConfigurationFile file, string path, YamlMapping mapping, bool isPresent = true, bool hasVariables = true)
    {
        _file = file;
        _path = path;
        _mapping = mapping;
        _hasVariables = hasVariables;
        IsPresent = isPresent;
        file.Register(this);
    }

    /// <summary>Whether the file or the environment holds this section at all.</summary>
    public bool IsPresent { get; }

    /// <summary>The line of the file that it starts at; 0 where it is absent.</summary>
    public int Line => _mapping.Line;

    /// <summary>Whether a key has a value; asks for it.</summary>
    public bool Has(string key)
    {
        Note(key, "");
        return Find(key) is not null;
    }

    /// <summary>The section below a key. An absent one is empty, and asking it for a value that must be there is an
    /// error only if <paramref name="isRequired"/>.</summary>
    public ConfigurationSection Section(string key, bool isRequired = true)
    {
        Note(key, ConfigurationQuestion.Section, isRequired: isRequired);
        if (!_below.TryGetValue(key, out var opened))
        {
            _below[key] = opened = [OpenSection(key, isRequired)];
        }

        return opened[0];
    }

    /// <summary>The list of sections below a key; empty where it is absent. Values in it have no variables.</summary>
    public IReadOnlyList<ConfigurationSection> Sections(string key, int countMax = 1000)
    {
        Note(key, $"a list of 0 to {countMax} mappings");
        if (!_below.TryGetValue(key, out var opened))
        {
            _below[key] = opened = OpenSections(key, countMax);
        }

        return opened;
    }

    /// <summary>Notes an error at a key that the program refuses for a reason of its own.</summary>
    public void Refuse(string key, string problem, string remedy)
    {
        var found = Find(key);
        Add(ConfigurationErrorKind.Refused, found?.Place ?? SectionPlace, key, problem, remedy);
    }

    internal void RefuseUnknown()
    {
        foreach (var (key, _) in _mapping.Entries)
        {
            if (!_known.Contains(key.Value))
            {
                var nearest = NearestName.Find(key.Value, _known);
                _file.Errors.Add(new ConfigurationError(
                    ConfigurationErrorKind.UnknownKey, _file.Name, key.Line, key.Column,
                    $"`{Shown.Of(PathOf(key.Value))}` is unknown",
                    nearest is not null ? $"did you mean `{nearest}`?"
                    : _known.Count == 0 ? "remove it"
                    : "known here: " + string.Join(", ", _known.Order(StringComparer.Ordinal))));
            }
        }
    }

    private ConfigurationSection OpenSection(string key, bool isRequired)
    {
        _known.Add(key);
        var path = PathOf(key);
        var entry = _mapping.Find(key);
        if (entry?.Value is YamlMapping mapping)
        {
            return new ConfigurationSection(_file, path, mapping, hasVariables: _hasVariables);
        }

        var isAbsent = entry is null or { Value: YamlScalar { IsNull: true } };
        if (!isAbsent)
        {
            Add(ConfigurationErrorKind.WrongType, Place.Of(entry!.Value), key,
                $"is {entry.Value.Shape}", "write a mapping below it");
        }

        var isPresent = !isAbsent || (_hasVariables && _file.Overlay.HasSection(path));
        return new ConfigurationSection(
            _file, path, new YamlMapping([], entry?.Key.Line ?? _mapping.Line, 1), isPresent, _hasVariables)
        {
            _isSilent = !isAbsent || (!isPresent && !isRequired),
        };
    }

    private List<ConfigurationSection> OpenSections(string key, int countMax)
    {
        _known.Add(key);
        var sections = new List<ConfigurationSection>();
        var value = _mapping.Find(key)?.Value;
        if (value is null or YamlScalar { IsNull: true })
        {
            return sections;
        }

        var items = (value as YamlSequence)?.Items;
        if (items is null || items.Any(item => item is not YamlMapping))
        {
            var wrong = items?.First(item => item is not YamlMapping) ?? value;
            Add(ConfigurationErrorKind.WrongType, Place.Of(wrong), key,
                items is null ? $"is {wrong.Shape}" : $"holds {wrong.Shape}", "write a list of mappings");
        }
        else if (items.Count > countMax)
        {
            Add(ConfigurationErrorKind.OutOfRange, Place.Of(value), key,
                $"holds {items.Count} entries", $"keep at most {countMax}");
        }
        else
        {
            sections.AddRange(items.Select((item, index) => new ConfigurationSection(
                _file, $"{PathOf(key)}[{index}]", (YamlMapping)item, hasVariables: false)));
        }

        return sections;
    }
}
