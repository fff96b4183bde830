using System.CommandLine;
using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead key new</c>: a key for a consumer or a publisher; <c>key show</c>: what is public of one.
/// </summary>
internal static class KeyCommand
{
    internal static Command Build(TextWriter output)
    {
        var file = new Option<string>("--out")
        {
            Description = "The file to write, mode 0600; it must not exist.",
            Required = true,
        };
        var make = new Command("new", "Make a P-256 key; print its key text and key id.") { file };
        make.SetAction(parsed => New(parsed.GetValue(file)!, output));
        var held = new Argument<string>("file") { Description = "The key file." };
        var show = new Command("show", "Print the key text and key id of a key file.") { held };
        show.SetAction(parsed => Show(parsed.GetValue(held)!, output));
        return new Command("key", "Keys on disk.") { make, show };
    }

    private static void New(string path, TextWriter output)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitCode.Usage, "--out: give the file to write");
        }

        try
        {
            using var signer = new EcdsaSigner(KeyFile.Create(path));
            Tell(signer.Key, output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var remedy = File.Exists(path)
                ? "a key is never overwritten: choose another --out"
                : "choose an --out in a folder that can be written";
            throw new CliException(ExitCode.Usage, $"key file {path}: {e.Message} {remedy}");
        }
    }

    private static void Show(string path, TextWriter output)
    {
        try
        {
            Tell(KeyFile.LoadPublic(path), output);
        }
        catch (KeyFileException e)
        {
            throw new CliException(ExitCode.Usage, e.Message);
        }
    }

    private static void Tell(PublicKey key, TextWriter output)
    {
        output.WriteLine($"key {key.Text}");
        output.WriteLine($"kid {key.Kid}");
    }
}
