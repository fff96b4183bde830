using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.TestKit.Answers;

/// <summary>Which leaves an honest hop proves present or absent.</summary>
internal static class AnswerProofs
{
    internal static SortedSet<LeafName> Wanted(
        TestAnswers answer,
        List<(AnswerSegment Segment, HopKind Kind)> path,
        int i,
        SegmentName name,
        AnswerResult result)
    {
        var wanted = new SortedSet<LeafName>();
        var last = i == path.Count - 1;
        if (i == 0 && !last)
        {
            wanted.Add(new LeafName(LeafClass.Scope, answer.Home.Genesis.ToString()));
            wanted.Add(new LeafName(LeafClass.Scope, path[^1].Segment.Genesis.ToString()));
        }

        if (path[i].Kind == HopKind.Up)
        {
            wanted.Add(new LeafName(LeafClass.Link, path[i - 1].Segment.Name.Label));
        }

        if (!last)
        {
            Onwards(answer, path[i + 1], name, wanted);
        }
        else if (result == AnswerResult.Record)
        {
            wanted.Add(new LeafName(LeafClass.Record, answer.Service.WithoutHost.Text));
        }
        else if (result == AnswerResult.Set)
        {
            wanted.Add(new LeafName(LeafClass.Set, answer.Service.WithoutHost.Text));
        }
        else if (result == AnswerResult.Negative)
        {
            Denial(answer, path[i].Segment, name, wanted);
        }

        return wanted;
    }

    private static void Onwards(
        TestAnswers answer, (AnswerSegment Segment, HopKind Kind) next, SegmentName name, SortedSet<LeafName> wanted)
    {
        if (next.Kind == HopKind.Down)
        {
            wanted.UnionWith(name == answer.Target
                ? answer.Service.WithoutHost.LinkPoints.Select(at => new LeafName(LeafClass.Link, at))
                : [new LeafName(LeafClass.Link, next.Segment.Name.Label)]);
            return;
        }

        foreach (var suffix in answer.Target!.Suffixes)
        {
            wanted.Add(new LeafName(LeafClass.Peer, suffix.Text));
            if (next.Kind == HopKind.Peer && suffix == next.Segment.Name)
            {
                return;
            }
        }
    }

    private static void Denial(TestAnswers answer, AnswerSegment segment, SegmentName name, SortedSet<LeafName> wanted)
    {
        var service = answer.Service.WithoutHost;
        if (answer.Target is not { } target)
        {
            wanted.Add(new LeafName(LeafClass.Set, service.Text));
        }
        else if (name == target)
        {
            wanted.Add(new LeafName(LeafClass.Record, service.Text));
            if (answer.Service.Host is not null && segment.Leaves.ContainsKey(wanted.Min))
            {
                return;
            }

            wanted.Add(new LeafName(LeafClass.Redirect, service.Text));
            wanted.UnionWith(service.LinkPoints.Select(at => new LeafName(LeafClass.Link, at)));
        }
        else if (target.IsAtOrUnder(name))
        {
            var child = target;
            while (child.Parent! != name)
            {
                child = child.Parent!;
            }

            wanted.Add(new LeafName(LeafClass.Link, child.Label));
        }
        else
        {
            wanted.UnionWith(target.Suffixes.Select(suffix => new LeafName(LeafClass.Peer, suffix.Text)));
        }
    }
}
