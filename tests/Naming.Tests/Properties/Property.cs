using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Fairlead.Naming.Tests.Properties;

/// <summary>
/// Runs a property over generated values by a seed that it prints, and shrinks what breaks it. The environment variable
/// <c>FAIRLEAD_SEED</c> sets another seed.
/// </summary>
internal static class Property
{
    private const ulong Seed = 20261128;

    internal static void Holds<T>(Gen<T> values, Func<T, bool> property, int runs = 200) =>
        Holds(Arb.From(values), property, runs);

    internal static void Holds<T>(Arbitrary<T> values, Func<T, bool> property, int runs = 200)
    {
        var seed = ulong.TryParse(
            Environment.GetEnvironmentVariable("FAIRLEAD_SEED"), CultureInfo.InvariantCulture, out var given)
                ? given
                : Seed;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var replay = new Replay(new Rnd(seed), FSharpOption<int>.None);
        var config = Config.QuickThrowOnFailure.WithMaxTest(runs)
            .WithQuietOnSuccess(true)
            .WithReplay(FSharpOption<Replay>.Some(replay));
        Check.One($"seed {seed}", config, Prop.ForAll(values, property));
    }
}
