using System.CommandLine;
using Fairlead.Cli.Ceremony;
using Fairlead.Cli.Operating;
using Fairlead.Configuration;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead propose</c>: operations of a running segment, at the socket of the operator's own anchor.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class ProposeCommand
{
    internal static Command Build(TextWriter output) => new(
        "propose", "Propose an operation to a running segment: shows what it would do, then proposes it.")
    {
        Policy(output),
        Peer(output),
        Join(output),
        Credential(output),
        Renew(output),
    };

    private static Command Policy(TextWriter output)
    {
        var file = new Argument<string>("file")
        {
            Description = "YAML: policy, rules, remove_rules, scopes, domains; what is absent stays as it is.",
        };
        var command = new Command("policy", "Change policy, Rules, Scopes or trust domains.") { file };
        return Finish(command, output, parsed =>
        {
            var path = parsed.GetValue(file)!;
            return (EpochGround ground, long now, out Refusal? refusal) => PolicyOperation.Build(
                ground, PolicyFile.Read(path, ground.Epoch.Value.Policy), now, Randomness.Draw, out refusal);
        });
    }

    private static Command Peer(TextWriter output)
    {
        var with = new Argument<string>("file") { Description = "The neighbour's peer.json." };
        var maxTtl = MaxTtl();
        var scope = new Option<string?>("--scope")
        {
            Description = "YAML: cidrs, domains, networks that it may name; without it what holds stays as it is.",
        };
        var command = new Command("peer", "Take a neighbour as peer, or take its newer epoch. Both sides have to.")
        {
            with, maxTtl, scope,
        };
        return Finish(command, output, parsed =>
        {
            var peer = PeerFile.Read(parsed.GetValue(with)!);
            var request = new PeerRequest(
                peer.Name, peer.Genesis, peer.Floor, peer.Endpoints, TermsOf(parsed.GetValue(maxTtl)),
                parsed.GetValue(scope) is { } path ? PolicyFile.ReadScope(path, peer.Genesis) : null);
            return (EpochGround ground, long now, out Refusal? refusal) => PeerOperation.Build(
                ground, request, now, Randomness.Draw, out refusal);
        });
    }

    private static Option<long?> MaxTtl() => new("--max-ttl")
    {
        Description = "The longest that answers over this way may be kept, in milliseconds; without it what holds "
            + "stays as it is.",
    };

    private static Terms? TermsOf(long? maxTtl) => maxTtl switch
    {
        null => null,
        > 0 and <= Limits.IntegerMax => new Terms { MaxTtl = maxTtl.Value },
        _ => throw new CliException(ExitCode.Usage, "--max-ttl takes milliseconds, 1 or more"),
    };

    private static Command Join(TextWriter output)
    {
        var children = new Option<string[]>("--child")
        {
            Description = "As parent: a child's peer.json. Repeatable.",
        };
        var parent = new Option<string?>("--parent") { Description = "As child: the parent's peer.json." };
        var maxTtl = MaxTtl();
        var command = new Command("join", "Link children under this segment, or this one under a parent.")
        {
            children, parent, maxTtl,
        };
        return Finish(command, output, parsed =>
        {
            var (taken, above) = (parsed.GetValue(children) ?? [], parsed.GetValue(parent));
            if ((taken.Length > 0) == (above is not null))
            {
                throw new CliException(ExitCode.Usage, "give --child, once or more, or --parent, and not both");
            }

            var terms = TermsOf(parsed.GetValue(maxTtl));
            if (above is not null && terms is not null)
            {
                throw new CliException(ExitCode.Usage, "--max-ttl goes with --child: the parent's Link holds it");
            }

            return (EpochGround ground, long now, out Refusal? refusal) => above is null
                ? JoinOperation.BuildParent(
                    ground, [.. taken.Select(path => Proposing.Child(ground, path, terms))], now, Randomness.Draw,
                    out refusal)
                : JoinOperation.BuildChild(ground, Proposing.Parent(ground, above), now, out refusal);
        });
    }

    private static Command Credential(TextWriter output)
    {
        var issue = new Option<string?>("--issue")
        {
            Description = "The publisher's key text, as key show prints it: p256:04.., or its key file.",
        };
        var names = new Option<string[]>("--name")
        {
            Description = "A pattern of service parts that it may publish, such as *.shop.svc; by default those of "
                + "the Credential that the key has. Repeatable.",
        };
        var types = new Option<string[]>("--type")
        {
            Description = "record, set, bundle or gateway; by default those of the Credential that the key has, or "
                + "record. Repeatable.",
        };
        var days = new Option<int>("--days") { Description = "Its life, 1 to 365.", DefaultValueFactory = _ => 90 };
        var maxTtl = new Option<long?>("--max-ttl")
        {
            Description = "The longest ttl_max of its records in milliseconds; by default that of the Credential that "
                + "the key has, or the policy's.",
        };
        var revoke = new Option<string[]>("--revoke")
        {
            Description = "The kid of a publisher whose entries are withdrawn. Repeatable.",
        };
        var command = new Command("credential", "Let a publisher publish, or end that.")
        {
            issue, names, types, days, maxTtl, revoke,
        };
        return Finish(command, output, parsed =>
        {
            var request = new CredentialInput(
                parsed.GetValue(issue), parsed.GetValue(names) ?? [], parsed.GetValue(types) ?? [],
                parsed.GetValue(days), parsed.GetValue(maxTtl), parsed.GetValue(revoke) ?? []);
            return (EpochGround ground, long now, out Refusal? refusal) => CredentialOperation.Build(
                ground, request.Read(ground, now), now, Randomness.Draw, out refusal);
        });
    }

    private static Command Renew(TextWriter output)
    {
        var life = new Option<string?>("--life")
        {
            Description = "How long this epoch and those after it live, from 1h to 720h, such as 336h; without it as "
                + "long as before. Anchors renew an epoch when a third of its life is gone.",
        };
        var command = new Command(
            "renew", "Give the epoch a new life before the anchors do it by themselves, or another length of it.")
        {
            life,
        };
        return Finish(command, output, parsed =>
        {
            var text = parsed.GetValue(life);
            var chosen = TimeSpan.Zero;
            if (text is not null && !DurationText.TryParse(text, out chosen))
            {
                throw new CliException(ExitCode.Usage, $"--life {text}: write a duration, such as 336h");
            }

            return (EpochGround ground, long now, out Refusal? refusal) =>
            {
                refusal = null;
                return RenewOperation.Build(
                    ground, new Dictionary<Digest, ForeignSegment>(), now, Randomness.Draw,
                    text is null ? null : (long)chosen.TotalMilliseconds);
            };
        });
    }

    // The options that all have, and what all do.
    private static Command Finish(Command command, TextWriter output, Func<ParseResult, BuildOperation> read)
    {
        var socket = OutputOptions.Socket();
        var format = OutputOptions.Format();
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what it would do, and propose nothing." };
        command.Options.Add(socket);
        command.Options.Add(dryRun);
        command.Options.Add(format);
        command.SetAction((parsed, cancellationToken) => Proposing.RunAsync(
            new ProposeOptions(
                parsed.GetValue(socket)!, parsed.GetValue(dryRun), parsed.GetValue(format) == "json"),
            read(parsed),
            TimeProvider.System,
            output,
            cancellationToken));
        return command;
    }
}
