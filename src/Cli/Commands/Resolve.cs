using System.Security.Cryptography;
using Fairlead.Cli.Asking;
using Fairlead.Cli.Showing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Commands;

/// <summary>Resolves one name.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class Resolve
{
    /// <summary>Asks, verifies, remembers, shows.</summary>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    /// <exception cref="CliException">A wrong option or file, or no answer.</exception>
    internal static async Task<int> RunAsync(
        ResolveOptions options, TimeProvider time, TextWriter output, CancellationToken cancellationToken)
    {
        if (!FullName.TryParse(options.Name, out var name, out var refusal))
        {
            throw new CliException(ExitCode.Usage, $"{refusal.Failure}: {options.Name}: {refusal.Detail}");
        }

        if (name.Service is null)
        {
            throw new CliException(
                ExitCode.Usage,
                $"{VerificationFailure.BadName}: {name} is a segment; give a service, such as web.shop.svc.{name}");
        }

        var bootstrap = ReadBootstrap(options.Bootstrap);
        using var own = Asker.Read(
            options.Key, options.Token, options.SpiffeCertificate, options.SpiffeKey, options.State, time);
        var verifier = new VerifierOptions
        {
            UnsafeAllowLoopbackEndpoints =
                options.UnsafeAllowLoopbackEndpoints || bootstrap.UnsafeAllowLoopbackEndpoints,
            Subject = SubjectOf(options, bootstrap, own),
        };
        // V39: what an answer taught is durable before anyone uses the answer.
        var memory = StateFolder.Open(options.State, own.Key, bootstrap, verifier);
        var random = new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        var asker = new HomeAsker(bootstrap, own, verifier.Subject, memory, time, random);
        await using (asker.ConfigureAwait(false))
        {
            var asked = await asker.AskAsync(name, options.Save is not null, cancellationToken).ConfigureAwait(false);
            if (asked.Answer is not { } answer)
            {
                throw NoAnswer(name, options, own, asked, output);
            }

            var members = await SetAsking.MembersAsync(asker, answer, options.Save is not null, cancellationToken)
                .ConfigureAwait(false);
            var all = members.Select(member => member.Asked).OfType<Asked>().Prepend(asked).ToList();
            var missing = all.Select(one => one.Missing).FirstOrDefault(one => one is not null);
            if (missing is null)
            {
                Save(options.Save, asked, all.Skip(1));
            }

            var view = AnswerView.Of(answer, asked.ClockDelta, asked.Refusals) with
            {
                Members = [.. members.Select(member => member.View)],
            };
            if (options.IsExplained)
            {
                Explain(view, options.IsJson, options.NoColour, output);
            }
            else
            {
                Show(view, options.IsJson, options.IsTrace, options.NoColour, output);
            }

            // The answer is good and shown; a file of it would not verify alone.
            return missing is null
                ? view.ExitCode
                : throw new CliException(
                    ExitCode.Unreachable,
                    $"--save {options.Save}: not written, since no anchor shows the whole chains: {missing.Anchor}: "
                    + $"{missing.Failure}: {missing.Detail}");
        }
    }

    /// <summary>Writes an answer as the options say.</summary>
    internal static void Show(AnswerView view, bool isJson, bool isTrace, bool noColour, TextWriter output)
    {
        if (isJson)
        {
            output.WriteLine(AnswerJson.Write(view));
            return;
        }

        var palette = Palette.For(output, noColour);
        output.Write(isTrace ? TraceText.Write(view, palette) : AnswerText.Write(view, palette));
    }

    /// <summary>Writes why an answer is what it is.</summary>
    internal static void Explain(AnswerView view, bool isJson, bool noColour, TextWriter output)
    {
        var explanation = Explanation.Of(view);
        if (isJson)
        {
            output.WriteLine(ExplainJson.Write(explanation));
            return;
        }

        output.Write(ExplainText.Write(explanation, Palette.For(output, noColour)));
    }

    private static BootstrapFile ReadBootstrap(string path)
    {
        try
        {
            return BootstrapFile.Read(path);
        }
        catch (InvalidDataException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }

    private static Subject? SubjectOf(ResolveOptions options, BootstrapFile bootstrap, Asker own)
    {
        if (options.Subject is not { } text)
        {
            return own.Subject ?? bootstrap.SubjectOf(own.Key);
        }

        return text.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } account]
            ? new Subject { Namespace = ns, Account = account }
            : throw new CliException(ExitCode.Usage, $"--subject {text}: not namespace/account");
    }

    private static CliException NoAnswer(
        FullName name, ResolveOptions options, Asker own, Asked asked, TextWriter output)
    {
        var (worst, exitCode) = Failures.Worst(asked.Refusals);
        if (options.IsJson)
        {
            output.WriteLine(AnswerJson.WriteFailure(
                name.Text, exitCode == ExitCode.Unreachable ? "unreachable" : "refused", asked.Refusals));
        }

        var lines = asked.Refusals.Select(refusal => $"  {refusal.Anchor}: {refusal.Failure}: {refusal.Detail}");
        var advice = Advice.For(
            asked.Refusals, exitCode == ExitCode.Unreachable, own.File, options.Key is not null, options.Bootstrap);
        var remedy = advice is null ? "" : $"\n  {advice}";
        var meaning = options.IsExplained && worst?.Check is { } check && Bounds.Of(check) is { } text
            ? $"\n  that is: {text}"
            : "";
        return new CliException(
            exitCode, $"{worst?.Failure}: no answer for {name}\n{string.Join('\n', lines)}{meaning}{remedy}");
    }

    private static void Save(string? path, Asked asked, IEnumerable<Asked> members)
    {
        if (path is null)
        {
            return;
        }

        var saved = SavedOf(asked) with { Members = [.. members.Where(one => one.Answer is not null).Select(SavedOf)] };
        try
        {
            File.WriteAllBytes(path, SavedAnswerFile.Write(saved));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"--save {path}: {e.Message}");
        }
    }

    private static SavedAnswer SavedOf(Asked asked) => SavedAnswer.Of(
        asked.Answer!, asked.Raw!, asked.Raw!.Hops.ToDictionary(hop => hop.Genesis, hop => hop.Epochs));
}
