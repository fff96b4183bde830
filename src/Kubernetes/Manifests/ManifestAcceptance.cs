using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// One round of acceptance: which of the files that wait take effect, so that no object stands in two. All together
/// where that goes, so that objects may move between them; else one by one, as soon as what they hold is free, of
/// several the first by name. Each object is looked at a few times, however many files there are. Not thread-safe.
/// </summary>
internal sealed class ManifestAcceptance
{
    private readonly List<ManifestEntry> _pending;

    // Of the objects that somebody waits for, who holds them and who waits, by index into the list above.
    private readonly Dictionary<(string Kind, ObjectKey Key), Place> _places = [];

    // How many of its objects another file holds.
    private readonly int[] _missing;
    private readonly PriorityQueue<int, int> _free = new();

    private ManifestAcceptance(IEnumerable<ManifestEntry> files, List<ManifestEntry> pending)
    {
        _pending = pending;
        _missing = new int[pending.Count];
        for (var index = 0; index < pending.Count; index++)
        {
            foreach (var (kind, key, _) in pending[index].Current!.Content.Identities())
            {
                if (!_places.TryGetValue((kind, key), out var place))
                {
                    _places.Add((kind, key), place = new());
                }

                place.Waiting.Add(index);
            }
        }

        foreach (var entry in files)
        {
            foreach (var (place, location) in PlacesOf(entry.Accepted))
            {
                (place.Holder, place.Location) = (entry, location);
            }
        }
    }

    /// <summary>Takes what can be taken, and says of the rest what is in its way.</summary>
    /// <param name="files">All files, in the order of their names.</param>
    public static void Run(IReadOnlyCollection<ManifestEntry> files)
    {
        foreach (var entry in files)
        {
            entry.Conflicts = [];
        }

        var pending = files.Where(entry => entry.IsPending).ToList();
        var round = new ManifestAcceptance(pending.Count == 0 ? [] : files, pending);
        if (round._places.Values.All(place => place is { Waiting.Count: 1, Holder: null or { IsPending: true } }))
        {
            pending.ForEach(entry => entry.Accepted = entry.Current!.Content);
            return;
        }

        round.TakeOneByOne();
        foreach (var entry in pending.Where(entry => entry.IsPending))
        {
            entry.Conflicts = [.. round.ConflictsOf(entry)];
        }
    }

    private void TakeOneByOne()
    {
        for (var index = 0; index < _pending.Count; index++)
        {
            var entry = _pending[index];
            _missing[index] = PlacesOf(entry.Current!.Content).Count(one => one.Place.IsHeldByOther(entry));
            if (_missing[index] == 0)
            {
                _free.Enqueue(index, index);
            }
        }

        while (_free.TryDequeue(out var index, out _))
        {
            // It may stand here twice, or another one came first.
            if (_pending[index].IsPending && _missing[index] == 0)
            {
                Take(index);
            }
        }
    }

    private void Take(int index)
    {
        var entry = _pending[index];
        foreach (var (place, _) in PlacesOf(entry.Accepted))
        {
            place.Holder = null;
            foreach (var other in place.Waiting.Where(other => other != index))
            {
                if (--_missing[other] == 0)
                {
                    _free.Enqueue(other, other);
                }
            }
        }

        entry.Accepted = entry.Current!.Content;
        foreach (var (place, location) in PlacesOf(entry.Accepted))
        {
            (place.Holder, place.Location) = (entry, location);
            foreach (var other in place.Waiting.Where(other => other != index))
            {
                _missing[other]++;
            }
        }
    }

    private IEnumerable<ManifestProblem> ConflictsOf(ManifestEntry entry)
    {
        foreach (var (kind, key, location) in entry.Current!.Content.Identities())
        {
            if (_places[(kind, key)] is var place && place.IsHeldByOther(entry))
            {
                yield return new(location, ManifestReader.Duplicate(kind, key, place.Location));
            }
        }
    }

    private IEnumerable<(Place Place, ManifestLocation Location)> PlacesOf(ManifestContent? content)
    {
        foreach (var (kind, key, location) in content?.Identities() ?? [])
        {
            if (_places.TryGetValue((kind, key), out var place))
            {
                yield return (place, location);
            }
        }
    }

    private sealed class Place
    {
        public ManifestEntry? Holder { get; set; }

        public ManifestLocation Location { get; set; }

        public List<int> Waiting { get; } = new(1);

        public bool IsHeldByOther(ManifestEntry entry) => Holder is not null && Holder != entry;
    }
}
