using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams;

namespace Pgkeep.Verify.Deep;

/// <summary><c>catalog.json.gz</c>: decompresses to its end and is one JSON value. A restore does not need it.</summary>
internal static class CatalogCheck
{
    /// <summary>More than the longest text in it.</summary>
    private const int BufferLength = 1024 * 1024;

    /// <exception cref="PgkeepException">The file cannot be read.</exception>
    public static void Run(string path, ProblemList problems, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            using var plain = new GzipMemberStream(file);
            Parse(plain, cancellationToken);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or JsonException)
        {
            problems.Add($"\"{path}\" is damaged: {(damaged is JsonException ? "it is not the JSON that it should be" : damaged.Message)}");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static void Parse(Stream plain, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferLength];
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
            }

            state = json.CurrentState;
            var consumed = (int)json.BytesConsumed;
            buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
            filled -= consumed;
        }
    }
}
