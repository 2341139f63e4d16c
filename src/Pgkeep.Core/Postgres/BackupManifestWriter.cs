using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Pgkeep.Postgres;

/// <summary>
/// Writes a <c>backup_manifest</c>, byte for byte as the server would. It keeps no list: memory does not grow with the number
/// of files, and the order of the files is the caller's. Nothing is valid before <see cref="Finish"/>. The stream stays open.
/// </summary>
// PostgreSQL src/backend/backup/backup_manifest.c (before 15: src/backend/replication/backup_manifest.c)
internal sealed class BackupManifestWriter : IDisposable
{
    private const int FlushThreshold = 64 * 1024;

    // More than the rest of a file's line can have behind its path.
    private const int MaxFieldsLength = 256;

    private static readonly SearchValues<byte> Escaped =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private static readonly UTF8Encoding Utf8Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushThreshold);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _hasFiles;

    public BackupManifestWriter(Stream stream, int manifestVersion, SystemIdentifier systemIdentifier)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(manifestVersion, BackupManifestFormat.FirstVersion);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(manifestVersion, BackupManifestFormat.LastVersion);
        _stream = stream;
        Append($"{{ \"PostgreSQL-Backup-Manifest-Version\": {manifestVersion},\n");
        if (manifestVersion >= BackupManifestFormat.VersionWithIdentifier)
        {
            Append($"\"System-Identifier\": {systemIdentifier.Value},\n");
        }

        _buffer.Write("\"Files\": ["u8);
    }

    /// <param name="path">Below the data directory; a tablespace's file is <c>pg_tblspc/OID/…</c></param>
    /// <exception cref="ArgumentException">The path has half a surrogate pair: names from the disk go in as bytes.</exception>
    public void AddFile(string path, long size, DateTimeOffset lastModified, uint crc32c) =>
        AddFile(Utf8Strict.GetBytes(path), size, lastModified, crc32c);

    /// <summary>Takes a path as the file system has it, which need not be valid UTF-8.</summary>
    public void AddFile(ReadOnlySpan<byte> path, long size, DateTimeOffset lastModified, uint crc32c)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        _buffer.Write(_hasFiles ? ",\n"u8 : "\n"u8);
        _hasFiles = true;
        if (Utf8.IsValid(path))
        {
            _buffer.Write("{ \"Path\": "u8);
            AppendQuoted(path);
        }
        else
        {
            Append($"{{ \"Encoded-Path\": \"{Convert.ToHexStringLower(path)}\"");
        }

        AppendFields(size, lastModified.UtcDateTime, crc32c);
        if (_buffer.WrittenCount >= FlushThreshold)
        {
            Flush();
        }
    }

    /// <param name="ranges">The WAL that the backup needs, newest timeline first.</param>
    public void Finish(IReadOnlyList<WalRange> ranges)
    {
        _buffer.Write("\n],\n\"WAL-Ranges\": [\n"u8);
        var separator = "";
        foreach (var range in ranges)
        {
            Append($"{separator}{{ \"Timeline\": {range.Timeline}, \"Start-LSN\": \"{range.Start}\", \"End-LSN\": \"{range.End}\" }}");
            separator = ",\n";
        }

        _buffer.Write("\n],\n"u8);
        Flush();
        Append($"\"Manifest-Checksum\": \"{Convert.ToHexStringLower(_hash.GetHashAndReset())}\"}}\n");
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _hash.Dispose();

    private void AppendFields(long size, DateTime lastModified, uint crc32c)
    {
        // The checksum's bytes are written as they lie in memory, lowest first.
        var checksum = BinaryPrimitives.ReverseEndianness(crc32c);
        var complete = Utf8.TryWrite(
            _buffer.GetSpan(MaxFieldsLength),
            CultureInfo.InvariantCulture,
            $", \"Size\": {size}, \"Last-Modified\": \"{lastModified:yyyy-MM-dd HH:mm:ss} GMT\""
            + $", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"{checksum:x8}\" }}",
            out var written);
        Debug.Assert(complete, "the numbers of a file fit");
        _buffer.Advance(written);
    }

    private void Append(FormattableString text) => _ = Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture), _buffer);

    // PostgreSQL src/backend/utils/adt/json.c, escape_json
    private void AppendQuoted(ReadOnlySpan<byte> text)
    {
        _buffer.Write("\""u8);
        for (var next = text.IndexOfAny(Escaped); next >= 0; next = text.IndexOfAny(Escaped))
        {
            _buffer.Write(text[..next]);
            AppendEscape(text[next]);
            text = text[(next + 1)..];
        }

        _buffer.Write(text);
        _buffer.Write("\""u8);
    }

    private void AppendEscape(byte character)
    {
        switch (character)
        {
            case (byte)'\b':
                _buffer.Write("\\b"u8);
                break;
            case (byte)'\f':
                _buffer.Write("\\f"u8);
                break;
            case (byte)'\n':
                _buffer.Write("\\n"u8);
                break;
            case (byte)'\r':
                _buffer.Write("\\r"u8);
                break;
            case (byte)'\t':
                _buffer.Write("\\t"u8);
                break;
            case (byte)'"' or (byte)'\\':
                _buffer.Write([(byte)'\\', character]);
                break;
            default:
                Append($"\\u{character:x4}");
                break;
        }
    }

    private void Flush()
    {
        _hash.AppendData(_buffer.WrittenSpan);
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
