using System.Text.Json.Nodes;
using Fairlead.Cli.Ceremony;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// What an attacker does who holds all keys of acme: two more epochs of acme, duly certified, one whose Link us1 names
/// a false segment, and one that leads nobody to a segment any more; and an anchor that serves them at acme's own
/// address. Stateless.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class Takeover
{
    private const string Folder = "attacker-acme";

    /// <summary>Writes the attacker's acme into a folder of its own.</summary>
    /// <param name="world">Where acme is; none of its anchors runs.</param>
    /// <param name="falseUs1">What the attacker links in us1's place.</param>
    /// <param name="denied">The segment that it leads nobody to.</param>
    /// <returns>The configuration to start its anchor with, and the newest epoch that it made.</returns>
    /// <exception cref="CheckFailedException">A check of the ceremony refuses it.</exception>
    internal static (string Configuration, long Epoch) Write(
        DemoWorld world, DemoSegment falseUs1, string denied)
    {
        var acme = world.Find(AcmePlan.Acme);
        var stolen = Path.Combine("anchors", acme.AnchorIds[0]);
        var folder = Path.Combine(world.Folder, Folder);
        Directory.CreateDirectory(Path.Combine(folder, stolen));
        foreach (var file in Directory.GetFiles(Path.Combine(acme.Folder, stolen)))
        {
            File.Copy(file, Path.Combine(folder, stolen, Path.GetFileName(file)));
        }

        using var gov = KeyFile.LoadSigner(Path.Combine(folder, stolen, "gov.pem"));
        using var seal = KeyFile.LoadSigner(Path.Combine(folder, stolen, "seal.pem"));
        var segment = SegmentFile.Read(Path.Combine(acme.Folder, "segment.json"));
        var now = world.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var grown = Deny(
            Repoint(segment, PeerFile.Read(falseUs1.PeerFile), gov, seal, now), denied, gov, seal, now);
        grown.Write(Path.Combine(folder, "segment.json"));
        return (Path.Combine(folder, stolen, "anchor.yaml"), grown.Epochs.Length - 1);
    }

    /// <summary>A consumer's trust root that knows a segment beforehand.</summary>
    /// <returns>The file.</returns>
    internal static async Task<string> PinAsync(
        string bootstrap, string name, string genesis, CancellationToken cancellationToken)
    {
        var json = JsonNode.Parse(await File.ReadAllTextAsync(bootstrap, cancellationToken).ConfigureAwait(false))!;
        json["pins"] = new JsonArray(new JsonObject { ["genesis"] = genesis, ["name"] = name });
        var pinned = bootstrap + ".pinned";
        await File.WriteAllTextAsync(pinned, json.ToJsonString(), cancellationToken).ConfigureAwait(false);
        return pinned;
    }

    // An honest anchor refuses to take another child at a label that is held, and so does the operation. The attacker
    // builds it where the Link is not there and calls it a split, which may put a Link where one is; what is certified
    // says nothing of that.
    private static SegmentFile Repoint(SegmentFile acme, PeerFile child, ISigner gov, ISigner seal, long now)
    {
        var ground = NextEpoch.Ground(acme, now);
        var leaves = ground.Leaves.Leaves.Values
            .Where(leaf => leaf.Document is not Link link || link.At.Text != child.Name.Label)
            .Select(leaf => (leaf.Class, (ReadOnlyMemory<byte>)leaf.Document.Encode()));
        var without = OperationLeaves.Shown(ground.Epoch, leaves, out var refusal);
        Check.That(without is not null, $"{refusal}");
        var proposal = JoinOperation.BuildParent(
            ground with { Leaves = without! },
            [new JoiningChild(child.Name.Label, child.Genesis, child.Floor, child.Endpoints, null)],
            NextEpoch.IssuedAfter(ground, now),
            Randomness.Draw,
            out refusal);
        Check.That(proposal is not null, $"{refusal}");
        return NextEpoch.Add(acme, AsSplit(proposal!), refusal, [gov], [seal], now);
    }

    // Whom it leads where is acme's own policy: this takes no trick.
    private static SegmentFile Deny(SegmentFile acme, string segment, ISigner gov, ISigner seal, long now)
    {
        var ground = NextEpoch.Ground(acme, now);
        var rule = new Rule
        {
            Effect = RuleEffect.Deny,
            Id = "attacker",
            Made = 0,
            Names = [NamePattern.Parse(segment)],
            Opening = default,
            Subjects = [new RuleSubject { Segment = "*" }],
        };
        var proposal = PolicyOperation.Build(
            ground,
            new PolicyRequest { Rules = [rule] },
            NextEpoch.IssuedAfter(ground, now),
            Randomness.Draw,
            out var refusal);
        return NextEpoch.Add(acme, proposal, refusal, [gov], [seal], now);
    }

    private static EpochProposal AsSplit(EpochProposal join)
    {
        Check.That(Document.TryParse<Epoch>(join.Epoch, out var epoch, out var refusal), $"{refusal}");
        var split = epoch!.Value with { Op = epoch.Value.Op with { Type = OpType.Split } };
        return join with { Epoch = Document.Make(split).Payload };
    }
}
