using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Naming.Tree;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>The words that stand for enumerations in a saved file.</summary>
internal static class SavedWords
{
    internal static Words<HopKind> Kind { get; } = new(
        ("home", HopKind.Home), ("up", HopKind.Up), ("peer", HopKind.Peer), ("down", HopKind.Down));

    internal static Words<AnswerResult> Result { get; } = new(
        ("record", AnswerResult.Record),
        ("set", AnswerResult.Set),
        ("negative", AnswerResult.Negative),
        ("redirect", AnswerResult.Redirect),
        ("denied", AnswerResult.Denied));

    internal static Words<ProofEnd> End { get; } = new(
        ("leaf", ProofEnd.Leaf), ("empty", ProofEnd.Empty), ("other", ProofEnd.Other));

    /// <summary>The document type of a leaf's class; null for a number that is no class.</summary>
    internal static DocumentType? LeafType(LeafClass kind) => kind switch
    {
        LeafClass.Record => Record.Type,
        LeafClass.Withdrawn => Withdrawn.Type,
        LeafClass.Link => Link.Type,
        LeafClass.Peer => Peer.Type,
        LeafClass.Set => Set.Type,
        LeafClass.Bundle => Bundle.Type,
        LeafClass.Rule => Rule.Type,
        LeafClass.Credential => Credential.Type,
        LeafClass.Tombstone => Tombstone.Type,
        LeafClass.Redirect => Redirect.Type,
        LeafClass.Witness => Witness.Type,
        LeafClass.Gateway => Gateway.Type,
        LeafClass.Scope => Scope.Type,
        _ => null,
    };

    /// <summary>One enumeration's words.</summary>
    internal sealed class Words<T>(params (string Word, T Value)[] pairs)
        where T : struct, Enum
    {
        private readonly ImmutableArray<(string Word, T Value)> _pairs = [.. pairs];

        internal string Of(T value) => _pairs.First(pair => EqualityComparer<T>.Default.Equals(pair.Value, value)).Word;

        internal T Read(SavedReader reader, JsonElement element, string member, string where)
        {
            var word = reader.Text(element, member, where);
            foreach (var pair in _pairs)
            {
                if (pair.Word == word)
                {
                    return pair.Value;
                }
            }

            reader.Refuse(BadEnvelope, $"{where}.{member}", "an unknown word");
            return default;
        }
    }
}
