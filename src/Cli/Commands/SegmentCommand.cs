using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary><c>fairlead segment</c>: ceremonies on one machine that holds all keys of a segment.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class SegmentCommand
{
    internal static Command Build(TextWriter output) => new("segment", "Make segments and join them.")
    {
        Init(output),
        Peer(output),
        Link(output),
    };

    private static Option<string> Needed(string name, string description) =>
        new(name) { Description = description, Required = true };

    private static Option<string[]> Repeatable(string name, string description) =>
        new(name) { Description = description };

    private static Command Init(TextWriter output)
    {
        var name = Needed("--name", "The segment's full name, such as us1.internal.");
        var folder = Needed("--out", "The folder to fill.");
        var listen = Needed("--listen", "ip:port of each anchor, separated by commas.");
        var adminListen = Needed(
            "--admin-listen", "Loopback ip:port of each anchor's admin page, separated by commas.");
        var anchors = new Option<int?>("--anchors")
        {
            Description = "How many anchors; by default as many as --listen names.",
        };
        var faults = new Option<int?>("--f")
        {
            Description = "How many lying anchors are tolerated; by default (n - 1) / 3.",
        };
        var host = new Option<string?>("--host")
        {
            Description = "The machine that the anchors run on; by default this one's name.",
        };
        var admins = new Option<string?>("--admins")
        {
            Description = "Who operates each anchor, separated by commas; by default admin-a,..",
        };
        var policy = new Option<string>("--policy")
        {
            Description = "default, demo or demo-continuity.",
            DefaultValueFactory = _ => "default",
        };
        var subjects = Repeatable(
            "--subject", "KEYFILE=namespace/account: a pod that proves itself with a key. Repeatable.");
        var loopback = new Option<bool>("--unsafe-allow-loopback-endpoints")
        {
            Description = "Development only: endpoints of other segments may be loopback addresses.",
        };
        var parent = new Option<string?>("--parent")
        {
            Description = "The parent's peer.json: the segment is born under it, and the parent has to link it.",
        };
        var transit = Repeatable(
            "--transit", "Segments that others may reach through this one, such as *.acme.internal. Repeatable.");
        var domains = Repeatable("--trust-domain", "A SPIFFE trust domain that the segment speaks for. Repeatable.");
        var command = new Command("init", "Make a segment: its keys, epoch 0 and the configuration of its anchors.")
        {
            name, folder, listen, adminListen, anchors, faults, host, admins, policy, subjects, loopback,
            parent, transit, domains,
        };
        command.SetAction(parsed => SegmentInit.Run(
            new SegmentInitOptions
            {
                Name = parsed.GetValue(name)!,
                Folder = parsed.GetValue(folder)!,
                Listen = Split(parsed.GetValue(listen)!),
                AdminListen = Split(parsed.GetValue(adminListen)!),
                Anchors = parsed.GetValue(anchors),
                Faults = parsed.GetValue(faults),
                Host = parsed.GetValue(host) ?? Environment.MachineName,
                Admins = parsed.GetValue(admins) is { } given ? Split(given) : null,
                Policy = parsed.GetValue(policy)!,
                Subjects = parsed.GetValue(subjects) ?? [],
                Parent = parsed.GetValue(parent),
                Transit = parsed.GetValue(transit) ?? [],
                TrustDomains = parsed.GetValue(domains) ?? [],
                UnsafeAllowLoopbackEndpoints = parsed.GetValue(loopback),
            },
            TimeProvider.System,
            output));
        return command;
    }

    private static Command Peer(TextWriter output)
    {
        var segment = new Option<string>("--segment")
        {
            Description = "The folder that segment init filled.",
            Required = true,
        };
        var with = new Option<string>("--with") { Description = "The neighbour's peer.json.", Required = true };
        var command = new Command("peer", "Take a neighbour as peer: the next epoch. Both sides have to.")
        {
            segment, with,
        };
        command.SetAction(parsed => SegmentPeer.Run(
            parsed.GetValue(segment)!, parsed.GetValue(with)!, TimeProvider.System, output));
        return command;
    }

    private static Command Link(TextWriter output)
    {
        var segment = new Option<string>("--segment")
        {
            Description = "The folder that segment init filled.",
            Required = true,
        };
        var child = new Option<string[]>("--child")
        {
            Description = "The peer.json of a segment to link under this one. Repeatable; 64 to an epoch.",
        };
        var parent = new Option<string?>("--parent")
        {
            Description = "The peer.json of the segment above this one, to be accepted as its parent.",
        };
        var command = new Command("link", "Put segments under one another: the next epochs. Both sides have to.")
        {
            segment, child, parent,
        };
        command.SetAction(parsed => SegmentLink.Run(
            parsed.GetValue(segment)!, parsed.GetValue(child) ?? [], parsed.GetValue(parent), TimeProvider.System,
            output));
        return command;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries);
}
