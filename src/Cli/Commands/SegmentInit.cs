using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Fairlead.Cli.Ceremony;
using Fairlead.Cli.Operating;
using Fairlead.Naming;
using Fairlead.Naming.Names;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Commands;

/// <summary>Makes a segment on disk. Everything is checked before the first file is written.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class SegmentInit
{
    /// <summary>Runs the ceremony.</summary>
    /// <exception cref="CliException">A wrong option, or a file that exists.</exception>
    internal static void Run(SegmentInitOptions options, TimeProvider time, TextWriter output)
    {
        if (!SegmentName.TryParse(options.Name, out var name, out var refusal))
        {
            throw Wrong($"--name {options.Name}: {refusal.Failure}: {refusal.Detail}");
        }

        if (options.Folder.Length == 0)
        {
            throw Wrong("--out: give the folder to fill");
        }

        var listen = Endpoints("--listen", options.Listen);
        var admin = Endpoints("--admin-listen", options.AdminListen);
        var policy = Policies.Find(options.Policy)
            ?? throw Wrong($"--policy {options.Policy}: not one of {string.Join(", ", Policies.Names)}");
        var admins = options.Admins
            ?? [.. listen.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"admin-{(char)('a' + i)}"))];
        CheckCounts(options, listen, admin, admins);
        CheckLoopback(admin);
        var uplinks = Uplinks(name, options.Parent);
        var transit = options.Transit.Select(Transit).ToImmutableArray();
        var domains = Domains(options.TrustDomains);
        var subjects = Subjects(options.Subjects);
        var folder = new SegmentFolder(options.Folder);
        try
        {
            folder.Create();
            using var publisher = new EcdsaSigner(KeyFile.Create(folder.PublisherKey));
            var plan = new SegmentPlan
            {
                Name = name,
                Anchors = [.. listen.Select((endpoint, i) => Plan(folder, name, i, admins[i], options.Host, endpoint))],
                Faults = options.Faults ?? (listen.Length - 1) / 3,
                Policy = policy,
                Publisher = publisher.Key,
                Uplinks = uplinks,
                Transit = transit,
                Domains = domains,
            };
            var now = time.GetUtcNow().ToUnixTimeMilliseconds();
            var segment = Founding.Found(plan, now, Randomness.Draw);
            for (var i = 0; i < plan.Anchors.Length; i++)
            {
                var anchor = plan.Anchors[i];
                folder.WriteConfiguration(
                    anchor.Id, anchor.Endpoint, admin[i], subjects, options.UnsafeAllowLoopbackEndpoints);
            }

            Write(folder, segment, plan, subjects, now, options.UnsafeAllowLoopbackEndpoints);
            Report(segment, plan, options, output);
            output.WriteLine($"publisher {publisher.Key.Text}");
            output.WriteLine(
                $"its Credential ends at {EpochHistory.Time(now + Founding.CredentialLife)}; before that: "
                + $"fairlead propose credential --issue {folder.PublisherKey}");
        }
        catch (CeremonyException e)
        {
            throw Wrong(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong($"--out {options.Folder}: {e.Message}");
        }
    }

    private static void CheckLoopback(ImmutableArray<IpEndpoint> admin)
    {
        if (admin.FirstOrDefault(one => !IPAddress.IsLoopback(one.ToIPEndPoint().Address)) is { } open)
        {
            throw Wrong($"--admin-listen {open}: others can reach it, and it has no authentication; give loopback");
        }
    }

    private static List<SubjectMapping> Subjects(IEnumerable<string> given)
    {
        var subjects = given.Select(SubjectMapping.Parse).ToList();
        return subjects.DistinctBy(mapping => mapping.Key.Kid).Count() == subjects.Count
            ? subjects
            : throw Wrong("--subject: a key stands twice; it is one pod's");
    }

    private static void CheckCounts(
        SegmentInitOptions options,
        ImmutableArray<IpEndpoint> listen,
        ImmutableArray<IpEndpoint> admin,
        IReadOnlyList<string> admins)
    {
        var anchors = options.Anchors ?? listen.Length;
        if (anchors is < 1 or > Limits.Anchors)
        {
            throw Wrong($"--anchors {anchors}: 1 to {Limits.Anchors}");
        }

        foreach (var (option, count) in new[]
        {
            ("--listen", listen.Length), ("--admin-listen", admin.Length), ("--admins", admins.Count),
        })
        {
            if (count != anchors)
            {
                throw Wrong($"{option} names {count}, there are {anchors} anchors");
            }
        }

        var twice = listen.Concat(admin).GroupBy(endpoint => endpoint).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw Wrong($"{twice.Key} stands twice in --listen and --admin-listen");
        }

        var faults = options.Faults ?? (anchors - 1) / 3;
        if (faults < 0 || !QuorumRules.IsSafeAndLive(anchors, faults, (2 * anchors / 3) + 1))
        {
            throw Wrong($"--f {faults}: {anchors} anchors tolerate at most {(anchors - 1) / 3}");
        }

        foreach (var text in admins.Append(options.Host))
        {
            if (text.Length is 0 or > 253 || text.Any(c => c is < ' ' or > '~' or '"' or '\\'))
            {
                throw Wrong($"--host or --admins: '{text}' is no name of printable ASCII");
            }
        }
    }

    private static AnchorPlan Plan(
        SegmentFolder folder, SegmentName name, int index, string admin, string host, IpEndpoint endpoint)
    {
        var id = SegmentFolder.AnchorId(name, index);
        using var tls = folder.CreateKey(id, "tls");
        return new AnchorPlan(
            id, admin, host, endpoint, folder.CreateKey(id, "gov"), folder.CreateKey(id, "seal"), tls.Key);
    }

    private static void Write(
        SegmentFolder folder,
        SegmentFile segment,
        SegmentPlan plan,
        IEnumerable<SubjectMapping> subjects,
        long now,
        bool unsafeLoopback)
    {
        var (newest, _) = SegmentChain.Verify(segment, now);
        segment.Write(folder.SegmentFile);
        var bootstrap = new BootstrapFile(
            new BootstrapFile.Segment(plan.Name, segment.Genesis, new Floor(segment.Genesis, 0)),
            [.. plan.Anchors.Select(anchor => anchor.Endpoint)],
            [],
            [.. subjects.Select(mapping => (mapping.Key, mapping.Subject))],
            unsafeLoopback);
        SegmentFolder.Replace(folder.BootstrapFile, bootstrap.Encode());
        SegmentFolder.Replace(folder.PeerFile, PeerFile.Of(plan.Name, segment.Genesis, newest).Encode());
    }

    private static void Report(SegmentFile segment, SegmentPlan plan, SegmentInitOptions options, TextWriter output)
    {
        output.WriteLine($"segment {plan.Name}");
        output.WriteLine($"genesis {segment.Genesis}");
        output.WriteLine(
            $"anchors {string.Join(' ', plan.Anchors.Select(anchor => anchor.Id))}, "
            + $"any {plan.Threshold} certify, {plan.Faults} may lie");
        if (plan.Threshold == plan.Anchors.Length && plan.Threshold > 1)
        {
            output.WriteLine(
                $"one anchor that stops, stops the segment: all {plan.Threshold} have to certify; "
                + "four go on with three");
        }

        output.WriteLine($"policy {options.Policy}: a seal lives {plan.Policy.SealValidity / Limits.Second} s");
        if (options.UnsafeAllowLoopbackEndpoints)
        {
            output.WriteLine("UNSAFE: loopback endpoints of other segments are allowed; for development only");
        }
    }

    private static ImmutableArray<Uplink> Uplinks(SegmentName name, string? parent)
    {
        try
        {
            return parent is null ? [] : [Joining.UplinkOf(name, PeerFile.Read(parent))];
        }
        catch (CeremonyException e)
        {
            throw Wrong($"--parent {parent}: {e.Message}");
        }
    }

    private static ImmutableArray<string> Domains(IReadOnlyList<string> given)
    {
        if (given.FirstOrDefault(domain => !SpiffeId.IsTrustDomain(domain)) is { } wrong)
        {
            throw new CliException(
                ExitCode.Usage, $"--trust-domain {wrong}: 1-255 of a-z, 0-9, '.', '-' and '_', such as us1.example");
        }

        return given.Distinct(StringComparer.Ordinal).Count() <= Limits.Domains
            ? [.. given.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : throw new CliException(ExitCode.Usage, $"--trust-domain: at most {Limits.Domains}");
    }

    private static NamePattern Transit(string text) =>
        !NamePattern.TryParse(text, out var pattern, out var refusal)
            ? throw Wrong($"--transit {text}: {refusal.Detail}")
        : text.Split('.')[^1] == "svc" ? throw Wrong($"--transit {text}: names services; give names of segments")
        : pattern;

    private static ImmutableArray<IpEndpoint> Endpoints(string option, IReadOnlyList<string> texts) =>
    [
        .. texts.Select(text => IpEndpoint.TryParse(text, out var endpoint, out var refusal)
            ? endpoint
            : throw Wrong($"{option} {text}: {refusal.Detail}")),
    ];

    private static CliException Wrong(string message) => new(ExitCode.Usage, message);
}
