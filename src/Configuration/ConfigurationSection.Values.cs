using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Configuration;

/// <content>The questions. Those with a fallback answer it where the key is absent; without one the key must be there.
/// Those that begin with <c>Optional</c> answer null.</content>
public sealed partial class ConfigurationSection
{
    private const string ExpectsText = "a text";

    /// <summary>A text that is not empty.</summary>
    public string Text(string key, string? fallback = null) =>
        Value<string>(key, ExpectsText, TryText, fallback, fallback is not null) ?? "";

    /// <summary>A text that is not empty, or null where the key is absent.</summary>
    public string? OptionalText(string key) => Value<string>(key, ExpectsText, TryText, null, hasFallback: true);

    /// <summary>A whole number within bounds, both inclusive.</summary>
    public long Integer(string key, long min, long max, long? fallback = null)
    {
        var expects = $"a whole number from {min} to {max}";
        return Bounded(key, expects, TryInteger, min, max, fallback);
    }

    /// <summary>A duration (<see cref="DurationText"/>) within bounds, both inclusive.</summary>
    public TimeSpan Duration(string key, TimeSpan min, TimeSpan max, TimeSpan? fallback = null) =>
        Bounded(key, ExpectsDuration(min, max), DurationText.TryParse, min, max, fallback);

    /// <summary>A duration as in <see cref="Duration"/>, or null where the key is absent.</summary>
    public TimeSpan? OptionalDuration(string key, TimeSpan min, TimeSpan max) =>
        Has(key) ? Bounded<TimeSpan>(key, ExpectsDuration(min, max), DurationText.TryParse, min, max, null) : null;

    /// <summary><c>true</c> or <c>false</c>; nothing else, so that a typing error never means "off".</summary>
    public bool Flag(string key, bool? fallback = null) =>
        Value(key, "true or false", TryFlag, fallback ?? false, fallback is not null);

    /// <summary>An address and port: <c>127.0.0.1:16443</c> or <c>[::1]:16443</c>. Port 0 lets the system choose.
    /// </summary>
    public IPEndPoint Endpoint(string key, IPEndPoint? fallback = null) =>
        Endpoint(key, ExpectsEndpoint, fallback);

    /// <summary>An address of this machine alone: what listens there has no authentication.</summary>
    public IPEndPoint LoopbackEndpoint(string key, IPEndPoint fallback)
    {
        var address = Endpoint(key, ExpectsLoopback, fallback);
        if (!IPAddress.IsLoopback(address.Address))
        {
            Refuse(key, $"is {address}, which others can reach", $"write a loopback address such as {fallback}");
        }

        return address;
    }

    /// <summary>An address for others to reach: by default this port on every address of the machine, by IPv6 and
    /// IPv4.</summary>
    public IPEndPoint OpenEndpoint(string key, int port) =>
        Endpoint(key, new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port));

    /// <summary>An address and port, or null where the key is absent.</summary>
    public IPEndPoint? OptionalEndpoint(string key) =>
        Value<IPEndPoint?>(key, ExpectsEndpoint, TryEndpoint, null, hasFallback: true);

    /// <summary>One of an enum's names, written in kebab case: <c>SingleHost</c> is <c>single-host</c>.</summary>
    public T OneOf<T>(string key, T? fallback = null)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().Distinct().ToDictionary(value => Kebab(value.ToString()));
        var expects = "one of " + string.Join(", ", names.Keys);
        return Value(key, expects, names.TryGetValue, fallback ?? default, fallback is not null);
    }

    /// <summary>A value in a form of the caller's own. A missing or wrong one is an error and answers the default of
    /// its type (or the fallback).</summary>
    /// <param name="key">The key.</param>
    /// <param name="expects">What is expected, in words that follow "write" (<c>a name such as a.b</c>).</param>
    /// <param name="parse">Turns the text into the value.</param>
    /// <param name="fallback">The answer where the key is absent, if <paramref name="hasFallback"/>.</param>
    /// <param name="hasFallback">False: the key must be there.</param>
    /// <param name="isShown">Whether an error may repeat the text: not where a password may stand in it.</param>
    public T? Value<T>(
        string key, string expects, TryParse<T> parse, T? fallback = default, bool hasFallback = false,
        bool isShown = true)
    {
        Note(key, expects, TextOf(fallback), !hasFallback);
        var text = FindText(key, expects, !hasFallback, out var place);
        if (text is null)
        {
            return fallback;
        }

        if (parse(text, out var value))
        {
            return value;
        }

        AddWrong(key, place, isShown ? text : null, expects);
        return fallback;
    }

    private IPEndPoint Endpoint(string key, string expects, IPEndPoint? fallback) =>
        Value(key, expects, TryEndpoint, fallback, fallback is not null) ?? new IPEndPoint(IPAddress.Loopback, 0);

    internal static bool TryEndpoint(string text, out IPEndPoint endpoint)
    {
        // IPEndPoint.TryParse takes an address without a port, and one with leading zeros as octal.
        var colon = text.LastIndexOf(':');
        endpoint = new IPEndPoint(IPAddress.Loopback, 0);
        if (colon <= 0 || !IPEndPoint.TryParse(text, out var parsed)
            || !parsed.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        endpoint = parsed;
        return true;
    }

    private const string ExpectsEndpoint = "an address and port such as 127.0.0.1:16443";

    private const string ExpectsLoopback = "a loopback address and port such as 127.0.0.1:16443";

    private static string ExpectsDuration(TimeSpan min, TimeSpan max) =>
        $"a duration from {DurationText.Format(min)} to {DurationText.Format(max)}, such as 15s or 500ms";

    private static bool TryText(string text, out string value)
    {
        value = text;
        return text.Length > 0;
    }

    private static bool TryInteger(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool TryFlag(string text, out bool value)
    {
        value = text == "true";
        return text is "true" or "false";
    }

    private static string Kebab(string name) => string.Concat(name.Select((letter, index) =>
        char.IsAsciiLetterUpper(letter) ? (index > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    private T Bounded<T>(string key, string expects, TryParse<T> parse, T min, T max, T? fallback)
        where T : struct, IComparable<T>
    {
        Note(key, expects, TextOf(fallback), fallback is null);
        var text = FindText(key, expects, fallback is null, out var place);
        if (text is null)
        {
            return fallback ?? min;
        }

        if (!parse(text, out var value))
        {
            AddWrong(key, place, text, expects);
        }
        else if (value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0)
        {
            return value;
        }
        else
        {
            Add(ConfigurationErrorKind.OutOfRange, place, key, $"is {Shown.Of(text)}", $"write {expects}");
        }

        return fallback ?? min;
    }

    private void AddWrong(string key, Place place, string? text, string expects) => Add(
        ConfigurationErrorKind.WrongType, place, key,
        text is null ? "is something else, which is not repeated here" : $"is `{Shown.Of(text)}`", $"write {expects}");
}
