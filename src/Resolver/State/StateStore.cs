using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.State;

/// <summary>
/// A verifier's state on the disk (trust 4.11, V39): a file that is replaced as a whole where a chain, a pin, a trust
/// domain or evidence is new, and beside it, as <c>PATH.log</c>, what answers change all the time. Not safe for
/// concurrent use: one owner writes it.
/// </summary>
/// <param name="path">The file; its folder must exist when it is written.</param>
/// <param name="node">Whose state it is: a file of another one is not used.</param>
public sealed class StateStore(string path, string node)
{
    private readonly DurableFile _file = new(path, StateFile.MaxBytes);
    private readonly StateLog _log = new(Path.GetFullPath(path) + ".log");
    private readonly byte[] _whole = new byte[SHA256.HashSizeInBytes];
    private VerifierState? _held;

    /// <summary>What is to be told where the state that was loaded may be older than the one that was used: its log is
    /// not there, or is not this file's. Null where it is the newest.</summary>
    public StateException? Lost { get; private set; }

    /// <summary>The state as it was written last; null for none. See <see cref="Lost"/>.</summary>
    /// <param name="home">The trust root.</param>
    /// <param name="pins">The names that the operator binds now.</param>
    /// <exception cref="StateException">What is there cannot be used.</exception>
    public VerifierState? Load(HomePin home, IReadOnlyCollection<KeyValuePair<SegmentName, Pin>>? pins = null)
    {
        if (_file.Load() is not { } bytes)
        {
            return null;
        }

        if (!StateFile.TryRead(bytes, home, node, out var state, out var error, pins))
        {
            throw new StateException(StateError.StateCorrupt,
                $"{path}: {error}; restore it, or remove it with its log and lose the floors that they hold");
        }

        SHA256.HashData(bytes, _whole);
        if (_log.Load(_whole) is not { } changes)
        {
            Lost = new StateException(
                StateError.LogLost, $"{path}.log is not there, or not this file's; what answers taught since the file "
                + "was written is forgotten, and the home has to say where it stands");
            return _held = state;
        }

        foreach (var change in changes)
        {
            state = StateDelta.TryApply(state, change, out var next, out error)
                ? next
                : throw new StateException(StateError.StateCorrupt, $"{path}.log: {error}");
        }

        return _held = state;
    }

    /// <summary>Makes a state durable; returns once it is.</summary>
    /// <returns>Whether there was anything to write.</returns>
    /// <exception cref="StateException"><see cref="StateError.StateNotDurable"/>: the old or the new one is there, and
    /// the next save writes the whole.</exception>
    public bool Save(VerifierState state)
    {
        var held = _held;
        var change = held is null ? null : StateDelta.Between(held, state);
        var isNews = change is not { Length: 0 };
        _held = null;
        if (isNews && !Append(change))
        {
            var bytes = StateFile.Write(state, node);
            _log.End();
            _file.Save(bytes);
            SHA256.HashData(bytes, _whole);
            _log.Begin(_whole);
        }

        _held = state;
        return isNews;
    }

    private bool Append(byte[]? change)
    {
        if (change is null || (_log.IsBegun && !_log.HasRoom(change.Length)) || change.Length > StateLog.BodyBytesMax)
        {
            return false;
        }

        if (!_log.IsBegun)
        {
            _log.Begin(_whole);
        }

        _log.Append(change);
        return true;
    }
}
