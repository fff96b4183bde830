namespace Fairlead.Simulator;

/// <summary>The fate of one offered entry at one anchor: refused, or accepted and then ended once (I11).</summary>
internal sealed class Promise(IssuedEntry entry, string anchor)
{
    private bool _ended;

    internal IssuedEntry Entry { get; } = entry;

    internal string Anchor { get; } = anchor;

    internal bool IsAccepted { get; private set; }

    internal bool IsSettled { get; private set; }

    internal bool IsOpen => IsAccepted && !_ended;

    internal void Accept()
    {
        if (IsAccepted || _ended)
        {
            throw new ViolationException("I11", $"{Anchor} accepted an entry twice");
        }

        IsAccepted = true;
    }

    internal void Refuse() => End();

    internal void Settle()
    {
        End();
        IsSettled = IsAccepted ? true : throw new ViolationException("I11", $"{Anchor} sealed what it did not accept");
    }

    internal void Lose() => _ended = true;

    private void End()
    {
        if (_ended)
        {
            throw new ViolationException("I11", $"{Anchor} ended an entry twice");
        }

        _ended = true;
    }
}
