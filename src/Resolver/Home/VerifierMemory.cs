using System.Collections.Immutable;
using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;

namespace Fairlead.Resolver.Home;

/// <summary>
/// What this consumer's verifier remembers, in memory and, where a file is given, on disk: an answer is used only after the
/// state that it leads to is durable (V39). Thread-safe.
/// </summary>
public sealed class VerifierMemory
{
    private readonly Lock _gate = new();
    private readonly DurableFile? _file;
    private readonly string _node;
    private readonly VerifiedCache _cache = new();
    private readonly VerifierOptions _options;
    private VerifierState _state;

    /// <summary>Starts from the file, or from nothing.</summary>
    /// <exception cref="StateException">The file is there and cannot be used.</exception>
    public VerifierMemory(HomeResolverOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Verifier;
        _node = Convert.ToHexStringLower(SHA256.HashData(options.Identity.PublicKey));
        _state = VerifierState.Start(options.Home, options.Pins);
        if (options.StateFile is not { } path)
        {
            return;
        }

        _file = new DurableFile(path, StateFile.MaxBytes);
        if (_file.Load() is { } bytes)
        {
            _state = StateFile.TryRead(bytes, options.Home, _node, out var state, out var error, options.Pins)
                ? state
                : throw new StateException(StateError.StateCorrupt, $"{path}: {error}; remove it to start from the bootstrap file");
        }
    }

    /// <summary>The state now.</summary>
    public VerifierState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>Takes over a chain that was fetched and verified.</summary>
    public void Adopt(SegmentState segment)
    {
        lock (_gate)
        {
            _state = _state.With(segment);
        }
    }

    /// <summary>Judges heads (V41) and takes over where the home stands.</summary>
    public Refusal? Judge(Hex16 nonce, ImmutableArray<OfferedHead> heads, long now)
    {
        lock (_gate)
        {
            var verdict = HeadCheck.Check(_state, nonce, heads, now, _cache);
            if (!verdict.IsAccepted)
            {
                return verdict.Refusal;
            }

            _state = verdict.Next!;
            return null;
        }
    }

    /// <summary>Verifies an answer and makes the state that it leads to durable.</summary>
    /// <returns>The answer, or why it is refused: <c>StateNotDurable</c> where the disk does not take the state.</returns>
    public (VerifiedAnswer? Answer, Refusal? Refusal) Verify(Parsed<Query> query, UnverifiedAnswer answer, long now)
    {
        lock (_gate)
        {
            switch (AnswerVerifier.Verify(_state, query, answer, now, _options, _cache))
            {
                case Verdict.Refused refused:
                    return (null, refused.Refusal);
                case Verdict.Accepted accepted:
                    try
                    {
                        _file?.Save(StateFile.Write(accepted.Next, _node));
                    }
                    catch (StateException e)
                    {
                        return (null, new Refusal(VerificationFailure.StateNotDurable, "state", e.Message));
                    }

                    _state = accepted.Next;
                    return (accepted.Answer, null);
                default:
                    throw new InvalidOperationException("a verdict is one of the two");
            }
        }
    }
}
