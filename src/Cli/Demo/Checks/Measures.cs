namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A promise of a second, kept or not by a measure of it. A machine that stands still for once takes as long: a measure
/// that is over is taken again. What is demanded is the same each time, and all that was measured is told. Stateless.
/// </summary>
internal static class Measures
{
    /// <summary>How many are taken at the most.</summary>
    internal const int Most = 3;

    /// <summary>Measures until one is within what was promised.</summary>
    /// <param name="measure">Takes one; told how many there were before it.</param>
    /// <param name="isWithin">Whether it is.</param>
    /// <param name="text">Tells of one.</param>
    /// <returns>The one that is, and a text of those before it.</returns>
    /// <exception cref="CheckFailedException">None is; it tells of all of them.</exception>
    internal static async Task<(T Best, string Over)> TakeAsync<T>(
        Func<int, Task<T>> measure, Func<T, bool> isWithin, Func<T, string> text)
    {
        var over = new List<string>();
        while (true)
        {
            var one = await measure(over.Count).ConfigureAwait(false);
            if (isWithin(one))
            {
                return (one, string.Concat(over.Select(told => $"\nmeasured again, since it was over: {told}")));
            }

            over.Add(text(one));
            Check.That(over.Count < Most, $"over, {Most} times: {string.Join("; ", over)}");
        }
    }
}
