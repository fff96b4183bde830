using System.Text;

namespace Fairlead.Rpc;

public sealed partial class Metadata
{
    /// <summary>One key with its value. The key is lower case. Immutable; the bytes belong to the entry.</summary>
    public sealed class Entry
    {
        private readonly string? _value;
        private readonly byte[]? _bytes;

        /// <summary>
        /// A text entry. Throws for a key outside <c>[a-z0-9._-]</c> (upper case is lowered), for one ending in
        /// <c>-bin</c>, and for a value outside printable ASCII (gRPC over HTTP/2, "Custom-Metadata").
        /// </summary>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = Normalize(key);
            if (HasBinarySuffix(Key))
            {
                throw new ArgumentException($"The key {Key} ends in -bin and needs bytes.", nameof(key));
            }

            if (value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
            {
                throw new ArgumentException($"The value of {Key} is not printable ASCII.", nameof(value));
            }

            _value = value;
        }

        /// <summary>A binary entry. Throws for a key that does not end in <c>-bin</c>.</summary>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = Normalize(key);
            if (!HasBinarySuffix(Key))
            {
                throw new ArgumentException($"The key {Key} does not end in -bin.", nameof(key));
            }

            _bytes = [.. valueBytes];
        }

        /// <summary>The key, lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The text. Throws for a binary entry.</summary>
        public string Value =>
            _value ?? throw new InvalidOperationException($"The entry {Key} is binary.");

        /// <summary>A copy of the bytes; of a text entry its ASCII bytes.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_value!) : [.. _bytes];

        /// <summary>Key and value, the value of a binary entry by its length only.</summary>
        public override string ToString() => IsBinary ? $"{Key}: {_bytes!.Length} bytes" : $"{Key}: {_value}";

        internal static bool HasBinarySuffix(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        internal bool IsKey(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        private static string Normalize(string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            var lower = key.ToLowerInvariant();
            foreach (var c in lower)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c is not ('.' or '_' or '-'))
                {
                    throw new ArgumentException("A metadata key holds a-z, 0-9, '.', '_' and '-' only.", nameof(key));
                }
            }

            return lower;
        }
    }
}
