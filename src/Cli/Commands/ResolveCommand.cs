using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead resolve</c> and <c>fairlead trace</c>: ask as a pod would, and verify.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class ResolveCommand
{
    /// <summary>The command of that name.</summary>
    internal static Command Build(string verb, TextWriter output)
    {
        var name = new Argument<string>("name")
        {
            Description = "An absolute name, such as checkout.shop.svc.us1.internal.",
        };
        var bootstrap = AskingOptions.Bootstrap(isRequired: true);
        var key = AskingOptions.Key();
        var token = AskingOptions.Token();
        var (certificate, certificateKey) = (AskingOptions.SpiffeCertificate(), AskingOptions.SpiffeKey());
        var subject = AskingOptions.Subject();
        var state = AskingOptions.State();
        var save = new Option<string?>("--save") { Description = "Write the answer to a file that verifies offline." };
        var loopback = AskingOptions.Loopback();
        var format = OutputOptions.Format();
        var noColour = OutputOptions.NoColour();
        var help = verb == "trace"
            ? "Resolve a name and show the evidence of every hop."
            : "Resolve a name to its endpoints.";
        var command = new Command(verb, help) 
        {
            name, bootstrap, key, token, certificate, certificateKey,
            subject, state, save, loopback, format, noColour,
        };
        command.SetAction((parsed, cancellationToken) => Resolve.RunAsync(
            new ResolveOptions
            {
                Name = parsed.GetValue(name)!,
                Bootstrap = parsed.GetValue(bootstrap)!,
                Key = parsed.GetValue(key),
                Token = parsed.GetValue(token),
                SpiffeCertificate = parsed.GetValue(certificate),
                SpiffeKey = parsed.GetValue(certificateKey),
                Subject = parsed.GetValue(subject),
                State = parsed.GetValue(state),
                Save = parsed.GetValue(save),
                UnsafeAllowLoopbackEndpoints = parsed.GetValue(loopback),
                IsTrace = verb == "trace",
                IsJson = parsed.GetValue(format) == "json",
                NoColour = parsed.GetValue(noColour),
            },
            TimeProvider.System,
            output,
            cancellationToken));
        return command;
    }
}
