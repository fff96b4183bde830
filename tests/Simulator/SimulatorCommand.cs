using System.Globalization;
using Fairlead.Simulator.Consumers;

namespace Fairlead.Simulator;

/// <summary>The command line: <c>--seeds n --from s --n 4 --f 1 --bug name --clocks --consumers n</c>.
/// </summary>
public static class SimulatorCommand
{
    private const int LowAnchors = 5;
    private const int LowFaults = 1;

    private const string Usage =
        "usage: Fairlead.Simulator [--seeds N] [--from S] [--n N] [--f F] "
        + "[--operations N] [--consumers N] "
        + "[--bug no-dominance|journal-not-durable|low-threshold|no-lock|commit-any-round|no-fence|handover-below"
        + "|forgets-accepted|keeps-refused|tells-twice|trusts-anybody|trusts-witnesses] "
        + "[--neighbours] [--clocks] [--real-signatures]";

    /// <summary>Runs seeds until one breaks an invariant.</summary>
    /// <returns>0 where all held, 1 where one broke, 2 for a wrong command line.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        if (!TryParse(arguments, out var seeds, out var consumers, out var first))
        {
            errors.WriteLine(Usage);
            return 2;
        }

        if (first.Bug == PlantedBug.LowThreshold && (first.Anchors, first.Faults) != (LowAnchors, LowFaults))
        {
            errors.WriteLine(
                $"--bug low-threshold is T=3 of n={LowAnchors} with F={LowFaults}: leave --n and --f out, or give "
                + "these");
            return 2;
        }

        long steps = 0, seals = 0, accepted = 0, settled = 0, epochs = 0, witnesses = 0;
        for (var seed = first.Seed; seed < first.Seed + seeds; seed++)
        {
            var result = Simulation.Run(first with { Seed = seed });
            if (result.Violation is { } violation)
            {
                output.WriteLine($"seed {seed}: {violation.Invariant} at step {violation.Step}");
                errors.WriteLine($"  {violation.Detail}");
                return 1;
            }

            (steps, seals, accepted, settled, epochs) = (
                steps + result.Steps, seals + result.Seals, accepted + result.Published, settled + result.Settled,
                    epochs + result.Epochs);
            witnesses += result.Witnesses;
        }

        output.WriteLine(
            $"{seeds} seeds from {first.Seed}, n={first.Anchors} F={first.Faults}: all held over {steps} steps, "
            + $"{seals} seals, {witnesses} witnesses, {epochs} epochs, {accepted} entries accepted, "
            + $"{settled} sealed or superseded");
        return Consumers(first.Seed, consumers, output, errors);
    }

    // A verifier with its cache, each on its own.
    private static int Consumers(int from, int seeds, TextWriter output, TextWriter errors)
    {
        var (accepted, refused) = (0L, 0L);
        for (var seed = from; seed < from + seeds; seed++)
        {
            var result = ConsumerSimulation.Run(new ConsumerOptions(seed));
            if (result.Invariant is not null)
            {
                output.WriteLine($"consumer, seed {seed}: {result.Invariant}");
                errors.WriteLine($"  {result.Detail}");
                return 1;
            }

            (accepted, refused) = (accepted + result.Accepted, refused + result.Refused);
        }

        if (seeds > 0)
        {
            output.WriteLine(
                $"{seeds} consumers from seed {from}: all held over {accepted} answers accepted, {refused} refused");
        }

        return 0;
    }

    private static bool TryParse(
        IReadOnlyList<string> arguments, out int seeds, out int consumers, out SimulationOptions options)
    {
        (seeds, consumers) = (200, 0);
        options = new SimulationOptions(1);
        for (var i = 0; i < arguments.Count; i++)
        {
            if (Switch(arguments[i], options) is { } switched)
            {
                options = switched;
                continue;
            }

            if (i + 1 >= arguments.Count || !Take(arguments[i], arguments[++i], ref seeds, ref consumers, ref options))
            {
                return false;
            }
        }

        // The planted threshold needs five anchors to be wrong: T=3 of 5 leaves quorums that share one anchor only.
        options = options.Bug == PlantedBug.LowThreshold && !arguments.Contains("--n")
            ? options with { Anchors = LowAnchors }
            : options;
        // Two need anchors that miss whole rounds, two somebody who forges, one of these other segments.
        options = options with
        {
            Rounds = options.Bug is PlantedBug.NoLock or PlantedBug.CommitAnyRound,
            Forges = options.Bug is PlantedBug.TrustsAnybody or PlantedBug.TrustsWitnesses,
            Neighbours = options.Neighbours || options.Bug is PlantedBug.TrustsWitnesses,
        };
        return seeds >= 1 && options.Anchors is >= 1 and <= 16 && options.Faults >= 0
            && (!options.Clocks || options.Threshold - options.Faults >= 2)
            && (options.Bug == PlantedBug.LowThreshold
                || ((2 * options.Threshold) - options.Anchors > options.Faults
                    && options.Threshold <= options.Anchors - options.Faults));
    }

    private static SimulationOptions? Switch(string name, SimulationOptions options) => name switch
    {
        "--real-signatures" => options with { RealSignatures = true },
        "--neighbours" => options with { Neighbours = true },
        "--clocks" => options with { Clocks = true },
        _ => null,
    };

    private static bool Take(
        string name, string value, ref int seeds, ref int consumers, ref SimulationOptions options)
    {
        if (name == "--bug")
        {
            PlantedBug? bug = value switch
            {
                "" or "none" => PlantedBug.None,
                "no-dominance" => PlantedBug.NoDominance,
                "journal-not-durable" => PlantedBug.JournalNotDurable,
                "low-threshold" => PlantedBug.LowThreshold,
                "no-lock" => PlantedBug.NoLock,
                "commit-any-round" => PlantedBug.CommitAnyRound,
                "no-fence" => PlantedBug.NoFence,
                "handover-below" => PlantedBug.HandoverBelow,
                "forgets-accepted" => PlantedBug.ForgetsAccepted,
                "keeps-refused" => PlantedBug.KeepsRefused,
                "tells-twice" => PlantedBug.TellsTwice,
                "trusts-anybody" => PlantedBug.TrustsAnybody,
                "trusts-witnesses" => PlantedBug.TrustsWitnesses,
                _ => null,
            };
            options = options with { Bug = bug ?? PlantedBug.None };
            return bug is not null;
        }

        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        if (name == "--consumers")
        {
            consumers = number;
            return true;
        }

        (seeds, options) = name switch
        {
            "--seeds" => (number, options),
            "--from" => (seeds, options with { Seed = number }),
            "--n" => (seeds, options with { Anchors = number }),
            "--f" => (seeds, options with { Faults = number }),
            "--operations" => (seeds, options with { Operations = number }),
            _ => (-1, options),
        };
        return seeds >= 0;
    }
}
