using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <content>Names of which nothing is known yet.</content>
internal sealed partial class ViewFeed
{
    /// <summary>From now on somebody can be asked: what no request waits for is told soon. Nothing happens a second
    /// time.</summary>
    internal void Meet()
    {
        lock (_gate)
        {
            _isMet = true;
            foreach (var name in _unmet)
            {
                _answers?.Begin(name);
            }

            _unmet.Clear();
        }
    }

    private void Await(string name)
    {
        _patience?.Begin(name);
        if (_answers is not { } answers || !(_assignments.Has(name) || _routes.Has(name)))
        {
            return;
        }

        if (_isMet)
        {
            answers.Begin(name);
        }
        else
        {
            _unmet.Add(name);
        }
    }

    private void EndWait(string name)
    {
        _patience?.End(name);
        _answers?.End(name);
        _unmet.Remove(name);
    }

    private void OnOverdue(IReadOnlyList<string> names)
    {
        lock (_gate)
        {
            View.Update(builder =>
            {
                foreach (var name in names)
                {
                    if ((_names.GetValueOrDefault(name) ?? Unserved(name)) is { IsPending: true } served)
                    {
                        Rebuild(builder, served);
                    }
                }
            });
        }
    }

    // A name of which the resolver has said nothing yet; of one that no service has it never will.
    private ServedName? Unserved(string name) => _patience is null || !IsWanted(name) ? null
        : !IsService(name) ? ServedName.Without(name, Reasons.Absent, [])
        : _patience.IsOver(name) || _answers?.IsOver(name) == true ? ServedName.Without(name, Reasons.Pending, [])
        : null;
}
