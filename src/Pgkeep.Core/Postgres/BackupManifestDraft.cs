using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Pgkeep.Postgres;

/// <summary>
/// One file of a backup_manifest while its fields are met, which may come in any order. A method that answers false has said why in
/// <see cref="Problem"/>.
/// </summary>
internal sealed class BackupManifestDraft
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss 'GMT'";

    private byte[]? _path;
    private string? _encodedPath;
    private long? _size;
    private string? _lastModified;
    private string? _algorithm;
    private string? _checksum;

    public string Problem { get; private set; } = "";

    /// <summary>Pairs of hexadecimal digits and nothing else.</summary>
    public static bool TryParseHex(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out var consumed, out _) == OperationStatus.Done && consumed == text.Length;
    }

    /// <summary>Takes the value that the reader stands on.</summary>
    public bool TryTake(ref Utf8JsonReader json, string name)
    {
        if (json.TokenType != (name == "Size" ? JsonTokenType.Number : JsonTokenType.String))
        {
            return Fail($"a file with a wrong \"{name}\"");
        }

        switch (name)
        {
            case "Path":
                var path = new byte[json.ValueSpan.Length];
                _path = path[..json.CopyString(path)];
                return Utf8.IsValid(_path) || Fail("a path that is not valid UTF-8");
            case "Encoded-Path":
                _encodedPath = json.GetString();
                return true;
            case "Size":
                _size = json.TryGetInt64(out var size) ? size : null;
                return true;
            case "Last-Modified":
                _lastModified = json.GetString();
                return true;
            case "Checksum-Algorithm":
                _algorithm = json.GetString();
                return true;
            case "Checksum":
                _checksum = json.GetString();
                return true;
            default:
                return Fail($"a file with the unknown field \"{name}\"");
        }
    }

    public bool TryComplete(out BackupManifestFile? file)
    {
        file = null;
        if (!TryGetPath(out var path))
        {
            return false;
        }

        if (_size is not >= 0)
        {
            return Fail("a file without a size");
        }

        byte[]? checksum = null;
        if ((_algorithm is null) != (_checksum is null) || (_checksum is not null && !TryParseHex(_checksum, out checksum)))
        {
            return Fail($"the checksum \"{_algorithm}:{_checksum}\"");
        }

        file = new BackupManifestFile
        {
            PathBytes = path,
            Size = _size.Value,
            LastModified = ParseTime(_lastModified),
            ChecksumAlgorithm = _algorithm,
            Checksum = checksum,
        };
        return true;
    }

    private bool TryGetPath(out byte[] path)
    {
        path = _path ?? [];
        if ((_path is null) == (_encodedPath is null))
        {
            return Fail("a file without a path, or with two");
        }

        if (_encodedPath is not null && !TryParseHex(_encodedPath, out path))
        {
            return Fail($"the encoded path \"{_encodedPath}\"");
        }

        return (path.Length > 0 && !path.AsSpan().Contains((byte)0)) || Fail("a file whose path no file system allows");
    }

    private static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : null;

    private bool Fail(string what)
    {
        Problem = what;
        return false;
    }
}
