using System.Globalization;

namespace Fairlead.Configuration;

/// <content>What was asked, for who wants to know what there is to configure.</content>
public sealed partial class ConfigurationSection
{
    private void Note(string key, string form, string? fallback = null, bool isRequired = false) =>
        _file.Note(new ConfigurationQuestion(PathOf(key), form, fallback, isRequired));

    private static string? TextOf<T>(T fallback) => fallback switch
    {
        null => null,
        bool flag => flag ? "true" : "false",
        TimeSpan duration => DurationText.Format(duration),
        Enum one => Kebab(one.ToString()),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => fallback.ToString(),
    };
}
