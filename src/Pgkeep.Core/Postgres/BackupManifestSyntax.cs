using System.Text;
using System.Text.Json;

namespace Pgkeep.Postgres;

/// <summary>
/// The grammar of a backup_manifest in three steps. Each begins at the same token again when the bytes did not suffice, and so changes
/// nothing before it is complete. Every method answers false either because more bytes are needed or because of
/// <see cref="Problem"/>.
/// </summary>
internal sealed class BackupManifestSyntax
{
    private const int Sha256Length = 32;

    private int _version;
    private SystemIdentifier? _systemIdentifier;
    private List<WalRange> _walRanges = [];

    public string? Problem { get; private set; }

    public byte[] ManifestChecksum { get; private set; } = [];

    public BackupManifestSummary Summary => new(_version, _systemIdentifier, _walRanges);

    /// <summary>From the beginning up to and including the bracket before the first file.</summary>
    public bool TryReadOpening(ref Utf8JsonReader json)
    {
        if (!TryRead(ref json, JsonTokenType.StartObject)
            || !TryReadName(ref json, "PostgreSQL-Backup-Manifest-Version"u8)
            || !TryReadNumber(ref json, "version", out var version))
        {
            return false;
        }

        if (version is < BackupManifestFormat.FirstVersion or > BackupManifestFormat.LastVersion)
        {
            return Fail($"the version \"{version}\", which is not known");
        }

        SystemIdentifier? identifier = null;
        if (version >= BackupManifestFormat.VersionWithIdentifier)
        {
            if (!TryReadName(ref json, "System-Identifier"u8) || !TryReadNumber(ref json, "system identifier", out var number))
            {
                return false;
            }

            identifier = new SystemIdentifier(number);
        }

        (_version, _systemIdentifier) = ((int)version, identifier);
        return TryReadName(ref json, "Files"u8) && TryRead(ref json, JsonTokenType.StartArray);
    }

    /// <summary>One file; null for the bracket behind the last.</summary>
    public bool TryReadFile(ref Utf8JsonReader json, out BackupManifestFile? file)
    {
        file = null;
        if (!json.Read())
        {
            return false;
        }

        if (json.TokenType == JsonTokenType.EndArray)
        {
            return true;
        }

        if (json.TokenType != JsonTokenType.StartObject)
        {
            return Fail($"\"{json.TokenType}\" instead of a file");
        }

        var draft = new BackupManifestDraft();
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.EndObject)
            {
                return draft.TryComplete(out file) || Fail(draft.Problem);
            }

            var name = json.GetString() ?? "";
            if (!json.Read())
            {
                return false;
            }

            if (!draft.TryTake(ref json, name))
            {
                return Fail(draft.Problem);
            }
        }

        return false;
    }

    /// <summary>From behind the files to the end.</summary>
    public bool TryReadClosing(ref Utf8JsonReader json)
    {
        var ranges = new List<WalRange>();
        if (!TryReadName(ref json, "WAL-Ranges"u8) || !TryRead(ref json, JsonTokenType.StartArray))
        {
            return false;
        }

        while (true)
        {
            if (!json.Read())
            {
                return false;
            }

            if (json.TokenType == JsonTokenType.EndArray)
            {
                break;
            }

            if (!TryReadRange(ref json, out var range))
            {
                return false;
            }

            ranges.Add(range!);
        }

        if (!TryReadName(ref json, "Manifest-Checksum"u8) || !TryReadText(ref json, out var checksum))
        {
            return false;
        }

        if (!BackupManifestDraft.TryParseHex(checksum, out var bytes) || bytes.Length != Sha256Length)
        {
            return Fail("a checksum of itself that is not a SHA-256");
        }

        (_walRanges, ManifestChecksum) = (ranges, bytes);
        return TryRead(ref json, JsonTokenType.EndObject);
    }

    private bool TryReadRange(ref Utf8JsonReader json, out WalRange? range)
    {
        range = null;
        if (json.TokenType != JsonTokenType.StartObject)
        {
            return Fail($"\"{json.TokenType}\" instead of a WAL range");
        }

        if (!TryReadName(ref json, "Timeline"u8)
            || !TryReadNumber(ref json, "timeline", out var timeline)
            || !TryReadName(ref json, "Start-LSN"u8)
            || !TryReadText(ref json, out var start)
            || !TryReadName(ref json, "End-LSN"u8)
            || !TryReadText(ref json, out var end)
            || !TryRead(ref json, JsonTokenType.EndObject))
        {
            return false;
        }

        if (timeline is 0 or > uint.MaxValue || !Lsn.TryParse(start, out var startLsn) || !Lsn.TryParse(end, out var endLsn))
        {
            return Fail($"the WAL range \"{timeline} {start} {end}\"");
        }

        range = new WalRange(new TimelineId((uint)timeline), startLsn, endLsn);
        return true;
    }

    private bool TryReadName(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        if (!json.Read())
        {
            return false;
        }

        return (json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name))
            || Fail($"no field \"{Encoding.UTF8.GetString(name)}\" where it should be");
    }

    private bool TryReadNumber(ref Utf8JsonReader json, string meaning, out ulong value)
    {
        value = 0;
        if (!json.Read())
        {
            return false;
        }

        return (json.TokenType == JsonTokenType.Number && json.TryGetUInt64(out value)) || Fail($"a {meaning} that is not a number");
    }

    private bool TryReadText(ref Utf8JsonReader json, out string value)
    {
        value = "";
        if (!TryRead(ref json, JsonTokenType.String))
        {
            return false;
        }

        value = json.GetString() ?? "";
        return true;
    }

    private bool TryRead(ref Utf8JsonReader json, JsonTokenType type)
    {
        if (!json.Read())
        {
            return false;
        }

        return json.TokenType == type || Fail($"\"{json.TokenType}\" instead of \"{type}\"");
    }

    private bool Fail(string what)
    {
        Problem = $"backup_manifest has {what}";
        return false;
    }
}
