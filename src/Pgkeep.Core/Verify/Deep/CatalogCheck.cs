using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;
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
            JsonTokens.Read(plain, BufferLength, (in Utf8JsonReader _) => { }, cancellationToken);
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
}
