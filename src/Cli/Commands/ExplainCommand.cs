using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary>
/// <c>fairlead explain</c>: which rule decided at each hop, for whom, and what limits the answer; of a name that is
/// asked for now, or of an answer that was saved. It ends as <c>resolve</c> and <c>verify</c> do.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class ExplainCommand
{
    internal static Command Build(TextWriter output)
    {
        var name = new Argument<string?>("name")
        {
            Description = "An absolute name, such as checkout.shop.svc.us1.internal; none with --from.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var bootstrap = AskingOptions.Bootstrap(isRequired: false);
        var key = AskingOptions.Key();
        var token = AskingOptions.Token();
        var (certificate, certificateKey) = (AskingOptions.SpiffeCertificate(), AskingOptions.SpiffeKey());
        var subject = AskingOptions.Subject();
        var state = AskingOptions.State();
        var loopback = AskingOptions.Loopback();
        var from = new Option<string?>("--from") { Description = "What resolve --save wrote, instead of asking." };
        var genesis = new Option<string?>("--genesis")
        {
            Description = "With --from: the home's genesis digest; never taken from the file.",
        };
        var at = new Option<string?>("--at")
        {
            Description = "With --from: the moment to explain for, unix milliseconds or RFC 3339; by default now.",
        };
        var format = OutputOptions.Format();
        var noColour = OutputOptions.NoColour();
        var command = new Command("explain", "Say which rules decided about a name, and what limits its answer.")
        {
            name, bootstrap, key, token, certificate, certificateKey,
            subject, state, loopback, from, genesis, at, format, noColour,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var isJson = parsed.GetValue(format) == "json";
            if (parsed.GetValue(from) is { } file)
            {
                return Saved(
                    file,
                    parsed.GetValue(name) is null
                        ? parsed.GetValue(genesis) ?? throw Missing("--genesis, which --from needs")
                        : throw Missing("either a name or --from, not both"),
                    parsed.GetValue(at), parsed.GetValue(loopback), isJson, parsed.GetValue(noColour), output);
            }

            return await Resolve.RunAsync(
                new ResolveOptions
                {
                    Name = parsed.GetValue(name) ?? throw Missing("a name, or --from with a saved answer"),
                    Bootstrap = parsed.GetValue(bootstrap) ?? throw Missing("--bootstrap"),
                    Key = parsed.GetValue(key),
                    Token = parsed.GetValue(token),
                    SpiffeCertificate = parsed.GetValue(certificate),
                    SpiffeKey = parsed.GetValue(certificateKey),
                    Subject = parsed.GetValue(subject),
                    State = parsed.GetValue(state),
                    UnsafeAllowLoopbackEndpoints = parsed.GetValue(loopback),
                    IsExplained = true,
                    IsJson = isJson,
                    NoColour = parsed.GetValue(noColour),
                },
                TimeProvider.System,
                output,
                cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static int Saved(
        string file, string genesis, string? at, bool allowsLoopback, bool isJson, bool noColour, TextWriter output)
    {
        var view = VerifyCommand.Verify(
            file, VerifyCommand.DigestOf(genesis), VerifyCommand.MomentOf(at), allowsLoopback);
        Resolve.Explain(view, isJson, noColour, output);
        return view.ExitCode;
    }

    private static CliException Missing(string what) => new(ExitCode.Usage, $"explain: give {what}");
}
