using System.Net;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;

namespace Fairlead.Simulator.Consumers;

/// <summary>
/// The invariants of a consumer, from what is true and not from what was verified: I5, I6, I7, I8, I9, I19, I22, I23,
/// I24, I26 and I27. An anchor of the home lies all the while, and whoever has the keys of one anchor of each segment
/// signs what it likes. Used on one thread.
/// </summary>
internal sealed class ConsumerChecker(ConsumerWorld world, ConsumerThief thief)
{
    private const long Validity = 15_000;
    private const long Delta = 1_000;

    // Until when what answers for a name rest on holds, by the parts of those that were accepted.
    private readonly Dictionary<string, long> _heldUntil = [];
    private readonly HashSet<string> _doubted = [];
    private readonly Dictionary<(Digest Segment, long Epoch), string> _denials = [];

    /// <summary>I5, I8: what is remembered only grows, and nothing is bound anew; also over a restart.</summary>
    internal static void Step(VerifierState before, VerifierState after)
    {
        foreach (var (genesis, old) in before.Segments)
        {
            var now = after.Segments.GetValueOrDefault(genesis);
            Require(
                "I5", now is not null && now.NewestNumber >= old.NewestNumber
                    && (old.Seal is null || (now.Seal is not null && now.Seal.Order(old.Seal) >= 0)),
                $"{genesis} goes back from {old.NewestNumber}, {old.Seal} to {now?.NewestNumber}, {now?.Seal}");
        }

        foreach (var (name, pin) in before.Pins)
        {
            Require(
                "I8", after.Pins.GetValueOrDefault(name)?.Genesis == pin.Genesis, $"{name} was bound to {pin.Genesis}");
        }
    }

    /// <summary>I6, I7, I23 and I26 of an answer that was accepted.</summary>
    internal void Accepted(string name, VerifiedAnswer answer, UnverifiedAnswer raw, long now)
    {
        _doubted.Remove(name);
        var isDenied = answer.Outcome == Outcome.Denied;
        var end = long.MaxValue;
        for (var i = 0; i < raw.Hops.Length; i++)
        {
            var isLast = i == raw.Hops.Length - 1;
            if (isLast && !isDenied)
            {
                end = Math.Min(end, Live("seal", Parse<Seal>(raw.Hops[i].Seal!.Payload).Expires, now));
            }

            foreach (var attest in raw.Hops[i].Attests)
            {
                end = Math.Min(end, Live("attest", Parse<Attest>(attest.Payload).Expires, now));
            }
        }

        if (answer.Record is { } record)
        {
            end = Math.Min(end, Live("record", record.Expires, now));
            _heldUntil[name] = Math.Max(_heldUntil.GetValueOrDefault(name), end - Delta);
            var isForged = raw.Hops[^1].Seal is { } seal && thief.Signed(seal);
            Require(
                isForged ? "I23" : "I7", Was(name, ConsumerWorld.WhatOf(record)),
                $"{name} is {ConsumerWorld.WhatOf(record)}, which us1 never sealed");
        }
        else if (isDenied)
        {
            Denied(name, answer, raw);
        }
        else
        {
            Require("I23", Was(name, "absent"), $"{name} never was absent");
        }
    }

    // I23: by us1, or by a key that says so for itself. I26: whether the name exists is not to be seen.
    private void Denied(string name, VerifiedAnswer answer, UnverifiedAnswer raw)
    {
        var last = raw.Hops[^1];
        var attest = Parse<Attest>(last.Attests[0].Payload);
        Require("I23", Was(name, "denied") || thief.Signed(last.Attests[0]), $"{name} is denied by nobody");
        var bare = Document.Make(attest with
        {
            Expires = attest.Expires - attest.Issued,
            Issued = 0,
            Renew = attest.Renew - attest.Issued,
            Scope = NamePattern.Parse("*"),
        });
        var shown = $"{bare.Digest} of {raw.Slices.Length}, {last.Epochs.Length}, {last.Nodes.Length}, "
            + $"{last.Proofs.Length}, {last.Attests.Length} {last.Seal is null}, told for "
            + $"{answer.Ttl.EndsAt - attest.Issued} ms";
        var place = (attest.Segment, attest.Epoch);
        Require(
            "I26", !_denials.TryGetValue(place, out var before) || before == shown,
            $"{name} is denied by {shown}, another name by {before}");
        _denials[place] = shown;
    }

    private bool Was(string name, string what) =>
        (ConsumerWorld.IsOfCorp(name) && what != "denied") || world.EndOf(name, what).WasTrue;

    /// <summary>A refused answer: it forbids to serve what is stale once nobody answers well (V58).</summary>
    internal void Doubted(string name) => _doubted.Add(name);

    /// <summary>I24: what an honest anchor relays of honest segments is taken, whoever introduced it and is gone, and
    /// whatever concerns others only (I22).</summary>
    internal static void Refused(string name, Refusal refusal, bool isHonest) =>
        Require("I24", !isHonest || ConsumerWorld.IsOfCorp(name), $"{name} as it is was refused: {refusal}");

    /// <summary>I9, I19 and I27 of a name as it is served now.</summary>
    /// <param name="name">The name.</param>
    /// <param name="view">As the cache has it.</param>
    /// <param name="isAsking">Whether some anchor is being asked for it.</param>
    /// <param name="now">The real time.</param>
    internal void Served(string name, CachedName view, bool isAsking, long now)
    {
        if (!view.IsServed || view.Answer?.Record is not { } record)
        {
            return;
        }

        var continuity = record.Continuity ?? ConsumerWorld.Continuity;
        var what = ConsumerWorld.WhatOf(record);
        if (!ConsumerWorld.IsOfCorp(name) && world.EndOf(name, what).Until is { } until)
        {
            var bound = Validity + Delta + (view.State == NameState.Stale ? continuity : 0);
            Require("I9", now - until <= bound, $"{name} is {view.State} {now - until} ms after it ended");
        }

        if (view.State == NameState.Stale)
        {
            var over = now - _heldUntil.GetValueOrDefault(name);
            Require("I19", continuity > 0 && over <= continuity, $"{name} is stale {over} ms after what it rests on");
            Require("I19", isAsking || !_doubted.Contains(name), $"{name} is stale after a lie");
        }

        foreach (var endpoint in view.Answer.Slices.SelectMany(slice => slice.Endpoints))
        {
            Require("I27", IsAdmitted(endpoint), $"{name} is served at {endpoint.Address}, {endpoint.Identity}");
        }
    }

    /// <summary>I22: an epoch that concerns others, or renews, ends nothing.</summary>
    internal static void Learned(IEnumerable<CacheOutput> outputs, bool isOfOthers)
    {
        foreach (var changed in outputs.OfType<CacheOutput.Changed>())
        {
            Require(
                "I22", !isOfOthers || changed.Name.IsServed || changed.Name.Answer?.Record is null,
                $"{changed.Name.Name} is {changed.Name.State} by an epoch that is not about it");
        }
    }

    private static bool IsAdmitted(SliceEndpoint endpoint) =>
        IPAddress.Parse(endpoint.Address) is var address && !IPAddress.IsLoopback(address)
        && address.GetAddressBytes() is not [169, 254, ..] and not [>= 224, ..] and not [0, ..]
        && endpoint.Identity?.Contains(ConsumerWorld.HomeDomain, StringComparison.Ordinal) != true;

    private static T Parse<T>(ReadOnlyMemory<byte> payload)
        where T : Document, IDocument<T> => Document.TryParse<T>(payload, out var parsed, out var refusal)
            ? parsed.Value
            : throw new ViolationException("I6", $"accepted and not read: {refusal}");

    private static long Live(string what, long expires, long now)
    {
        Require("I6", now + Delta < expires, $"a {what} was over {now + Delta - expires} ms ago");
        return expires;
    }

    private static void Require(string invariant, bool holds, string detail)
    {
        if (!holds)
        {
            throw new ViolationException(invariant, detail);
        }
    }
}
