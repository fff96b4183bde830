using System.CommandLine;
using System.Globalization;
using Fairlead.Cli.Asking;
using Fairlead.Cli.Showing;
using Fairlead.Files;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead verify</c>: a saved answer, offline, from a genesis digest that the user gives.</summary>
internal static class VerifyCommand
{
    private static readonly string[] Rfc3339 =
    [
        "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'",
        "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz",
    ];

    internal static Command Build(TextWriter output)
    {
        var file = new Argument<string>("file") { Description = "What resolve --save wrote." };
        var genesis = new Option<string>("--genesis")
        {
            Description = "The home's genesis digest; never taken from the file.",
            Required = true,
        };
        var at = new Option<string?>("--at")
        {
            Description = "The moment to verify for: unix milliseconds or RFC 3339; by default now.",
        };
        var loopback = AskingOptions.Loopback();
        var trace = new Option<bool>("--trace") { Description = "Show the evidence of every hop." };
        var format = OutputOptions.Format();
        var noColour = OutputOptions.NoColour();
        var command = new Command("verify", "Verify a saved answer without a network.")
        {
            file, genesis, at, loopback, trace, format, noColour,
        };
        command.SetAction(parsed =>
        {
            var view = Verify(
                parsed.GetValue(file)!,
                DigestOf(parsed.GetValue(genesis)!),
                MomentOf(parsed.GetValue(at)),
                parsed.GetValue(loopback));
            Resolve.Show(
                view, parsed.GetValue(format) == "json", parsed.GetValue(trace), parsed.GetValue(noColour), output);
            return view.ExitCode;
        });
        return command;
    }

    /// <summary>Verifies a file.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="genesis">The home's.</param>
    /// <param name="at">The moment to verify for, in unix milliseconds.</param>
    /// <param name="allowsLoopback">Development only: loopback endpoints of other segments are admitted. The file does
    /// not say it: whoever made it would.</param>
    /// <exception cref="CliException">It cannot be read, or a check refuses it.</exception>
    internal static AnswerView Verify(string path, Digest genesis, long at, bool allowsLoopback)
    {
        if (!SavedAnswerFile.TryRead(Read(path), out var saved, out var malformed))
        {
            throw Refused(path, malformed);
        }

        var options = new VerifierOptions { UnsafeAllowLoopbackEndpoints = allowsLoopback };
        var verdict = saved.Verify(genesis, at, options);
        if (verdict is not Verdict.Accepted accepted)
        {
            var refusal = ((Verdict.Refused)verdict).Refusal;
            throw Refused(path, refusal, Remedy(refusal, saved, allowsLoopback));
        }

        return AnswerView.Of(
            accepted.Answer,
            accepted.Next.ClockDelta,
            [],
            $"verified offline, as of {Moment(at)}; the file says it was taken at {Moment(saved.Time)}",
            $"the home is called {saved.HomeName} by the file alone") with
        {
            Members = SetAsking.Saved(accepted.Answer, saved, genesis, at, options),
        };
    }

    private static string Remedy(Refusal refusal, SavedAnswer saved, bool allowsLoopback) =>
        refusal.Failure == VerificationFailure.AddressOutOfScope && saved.UnsafeAllowLoopbackEndpoints
        && !allowsLoopback
            ? "\n  the file says that its taker admitted loopback endpoints of other segments, as for development: "
                + "give --unsafe-allow-loopback-endpoints to admit them here too"
            : "";

    private static byte[] Read(string path)
    {
        try
        {
            var bytes = RegularFile.Read(path, SavedAnswerFile.MaxBytes);
            return bytes.Length <= SavedAnswerFile.MaxBytes
                ? bytes
                : throw new CliException(
                    ExitCode.Refused,
                    $"{VerificationFailure.TooLarge}: {path}: more than {SavedAnswerFile.MaxBytes} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{path}: {e.Message}");
        }
    }

    /// <summary>A moment on the command line; now where none is given.</summary>
    /// <exception cref="CliException">It is none.</exception>
    internal static long MomentOf(string? text)
    {
        if (text is null)
        {
            return TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            && ms <= Limits.IntegerMax / 1000)
        {
            return ms;
        }

        return DateTimeOffset.TryParseExact(
            text, Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment.ToUnixTimeMilliseconds()
            : throw new CliException(
                ExitCode.Usage, $"--at {text}: neither unix milliseconds nor RFC 3339, such as 2026-01-31T12:00:00Z");
    }

    // The file's time is anyone's word: it may be no date at all.
    private static string Moment(long ms) => ms > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? string.Create(CultureInfo.InvariantCulture, $"{ms} ms")
        : DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A genesis digest on the command line.</summary>
    /// <exception cref="CliException">It is none.</exception>
    internal static Digest DigestOf(string text) => Digest.TryParse(text, out var digest)
        ? digest
        : throw new CliException(ExitCode.Usage, "--genesis: not 64 lower-case hexadecimal digits");

    private static CliException Refused(string path, Refusal refusal, string remedy = "") => new(
        Failures.ExitCodeOf(refusal.Failure), $"{refusal.Failure}: {path}: {refusal.DetailFor(path)}{remedy}");
}
