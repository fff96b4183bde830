using System.Text.RegularExpressions;
using Fairlead.Configuration.Yaml;
using Fairlead.Files;

namespace Fairlead.Configuration;

/// <summary>One configuration: a YAML file with the environment laid over it. Read the values through
/// <see cref="Root"/>, then call <see cref="ThrowIfInvalid"/>: it reports everything that was wrong, at once.
/// Not safe for concurrent use.</summary>
/// <example><code>
/// var file = ConfigurationFile.Load(path, EnvironmentVariables.Read());
/// var options = new Options(file.Root.Text("id"), file.Root.Endpoint("listen"));
/// file.ThrowIfInvalid();
/// </code></example>
public sealed partial class ConfigurationFile
{
    private readonly List<ConfigurationSection> _sections = [];
    private readonly Dictionary<string, ConfigurationQuestion> _questions = new(StringComparer.Ordinal);
    private bool _isChecked;

    private ConfigurationFile(string name, string folder, IReadOnlyDictionary<string, string> environment)
    {
        Name = name;
        Folder = folder;
        Overlay = new EnvironmentOverlay(environment);
        Root = new ConfigurationSection(this, "", new YamlMapping([], 1, 1));
    }

    /// <summary>The file as the user named it.</summary>
    public string Name { get; }

    /// <summary>The folder that relative paths in the file start from.</summary>
    public string Folder { get; }

    /// <summary>The top of the file. Empty where the file was unreadable.</summary>
    public ConfigurationSection Root { get; private set; }

    /// <summary>What is wrong so far.</summary>
    public ConfigurationErrors Errors { get; } = new();

    /// <summary>What was asked so far, each once, ascending by path: for a file that holds an entry of every list and
    /// every section, all that there is to configure.</summary>
    public IReadOnlyList<ConfigurationQuestion> Questions =>
        [.. _questions.Values.OrderBy(question => question.Path, StringComparer.Ordinal)];

    internal EnvironmentOverlay Overlay { get; }

    /// <summary>Whether the text itself was refused: then missing keys are no news.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Reads a file. A file that is absent, too large or no YAML is one of <see cref="Errors"/>.</summary>
    public static ConfigurationFile Load(
        string path, IReadOnlyDictionary<string, string> environment, YamlLimits? limits = null)
    {
        var file = new ConfigurationFile(path, Path.GetDirectoryName(Path.GetFullPath(path))!, environment);
        limits ??= YamlLimits.Default;
        try
        {
            file.Take(RegularFile.Read(path, limits.BytesMax), limits);
        }
        catch (Exception bad) when (bad is IOException or UnauthorizedAccessException)
        {
            file.Break(new ConfigurationError(
                ConfigurationErrorKind.Unreadable, path, 0, 0, "cannot be read: " + bad.Message,
                "check the path and its permissions"));
        }

        return file;
    }

    /// <summary>Takes bytes that were read elsewhere.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="folder">The folder that relative paths start from.</param>
    /// <param name="bytes">YAML in UTF-8.</param>
    /// <param name="environment">Variables; only those that begin with <c>FAIRLEAD_</c> matter.</param>
    /// <param name="limits">Null: <see cref="YamlLimits.Default"/>.</param>
    public static ConfigurationFile Parse(
        string name,
        string folder,
        ReadOnlySpan<byte> bytes,
        IReadOnlyDictionary<string, string> environment,
        YamlLimits? limits = null)
    {
        var file = new ConfigurationFile(name, folder, environment);
        file.Take(bytes, limits ?? YamlLimits.Default);
        return file;
    }

    /// <summary>Adds keys and variables that nothing asked for, then throws <see cref="ConfigurationException"/> if
    /// anything is wrong. Call it after the last value was asked for.</summary>
    public void ThrowIfInvalid()
    {
        if (!_isChecked && !IsBroken)
        {
            _isChecked = true;
            foreach (var section in _sections)
            {
                section.RefuseUnknown();
            }

            Overlay.RefuseUnknown(Errors);
        }

        if (!Errors.IsEmpty)
        {
            throw new ConfigurationException(Errors.All);
        }
    }

    /// <summary>Notes a question. Whoever asks first whether a key is there can do without it.</summary>
    internal void Note(ConfigurationQuestion question)
    {
        var path = Index().Replace(question.Path, "[]");
        if (!_questions.TryGetValue(path, out var before))
        {
            _questions.Add(path, question with { Path = path });
        }
        else if (before.Form.Length == 0)
        {
            _questions[path] = question with { Path = path, Default = null, IsRequired = false };
        }
    }

    [GeneratedRegex(@"\[[0-9]+\]")]
    private static partial Regex Index();

    internal void Register(ConfigurationSection section) => _sections.Add(section);

    private void Take(ReadOnlySpan<byte> bytes, YamlLimits limits)
    {
        var reading = YamlReader.Read(bytes, Name, limits);
        if (reading.Error is not null)
        {
            Break(reading.Error);
        }
        else if (reading.Documents.Count > 1)
        {
            Break(new ConfigurationError(
                ConfigurationErrorKind.WrongType, Name, reading.Documents[1].Line, 1,
                "a second document", "keep one document in the file"));
        }
        else if (reading.Documents is [YamlMapping mapping])
        {
            _sections.Clear();
            Root = new ConfigurationSection(this, "", mapping);
        }
        else if (reading.Documents is [var other])
        {
            Break(new ConfigurationError(
                ConfigurationErrorKind.WrongType, Name, other.Line, other.Column,
                $"{other.Shape} at the top", "write `key: value` lines"));
        }
    }

    private void Break(ConfigurationError error)
    {
        IsBroken = true;
        Errors.Add(error);
    }
}
