using System.Text.Json;

namespace Pgkeep.Repository;

/// <summary>Takes one token of a JSON text.</summary>
internal delegate void JsonTokenVisitor(in Utf8JsonReader token);

/// <summary>Reads a JSON text of any length token by token, in memory for a piece of it.</summary>
internal static class JsonTokens
{
    /// <param name="pieceLength">More than the longest token.</param>
    /// <exception cref="JsonException">It is not one JSON value, or a token is longer.</exception>
    public static void Read(Stream plain, int pieceLength, JsonTokenVisitor visit, CancellationToken cancellationToken)
    {
        var buffer = new byte[pieceLength];
        var filled = 0;
        var state = default(JsonReaderState);
        for (var isAtEnd = false; !isAtEnd;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = filled < buffer.Length ? plain.Read(buffer.AsSpan(filled)) : throw new JsonException();
            isAtEnd = read == 0;
            filled += read;
            var json = new Utf8JsonReader(buffer.AsSpan(0, filled), isAtEnd, state);
            while (json.Read())
            {
                visit(json);
            }

            state = json.CurrentState;
            var consumed = (int)json.BytesConsumed;
            buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
            filled -= consumed;
        }
    }
}
