using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// What PostgreSQL's tar has that our archive has elsewhere or last: <c>backup_label</c> and <c>tablespace_map</c> come first, then the files,
/// <c>pg_control</c>, the WAL and the manifest (src/backend/backup/basebackup.c, perform_base_backup). Asked by one thread at a time.
/// </summary>
internal sealed class StreamedMembers : IDisposable
{
    public const string LabelName = "backup_label";
    public const string MapName = "tablespace_map";
    private const string ManifestName = "backup_manifest";
    private const string WalPrefix = "pg_wal/";

    /// <summary>Each of the files that are held is of some kilobytes; <c>tablespace_map</c> grows with the tablespaces.</summary>
    private const int LargestHeld = 16 * 1024 * 1024;

    private readonly StreamedWal _wal;
    private readonly PostgresVersion _version;
    private readonly SemaphoreSlim _labelCame = new(0);

    public StreamedMembers(StreamedWal wal, PostgresVersion version)
    {
        _wal = wal;
        _version = version;
    }

    public HeldMember? Label { get; private set; }

    public HeldMember? Map { get; private set; }

    public HeldMember? Control { get; private set; }

    public ManifestDigest? Manifest { get; private set; }

    public BackupLabel? ParsedLabel { get; private set; }

    public IReadOnlyList<TablespaceMapEntry> Tablespaces { get; private set; } = [];

    public static FileStatus StatusOf(TarEntry entry) => new(
        entry.Type == TarEntryType.Directory ? FileType.Directory : FileType.Regular,
        entry.Mode,
        entry.UserId,
        entry.GroupId,
        entry.Type == TarEntryType.Directory ? 0 : entry.Size,
        entry.Modified,
        0,
        0);

    /// <summary>Waits until the server has said where the backup begins. Asked for once.</summary>
    public async Task<BackupLabel> WaitForLabelAsync(CancellationToken cancellationToken)
    {
        await _labelCame.WaitAsync(cancellationToken);
        return ParsedLabel!; // set before the release
    }

    /// <returns>False for a member that belongs into the archive as it comes; its content is not read then.</returns>
    public bool TryTake(TarEntry entry, TarReader tar)
    {
        switch (entry.Name)
        {
            case LabelName:
                Label = Hold(entry, tar);
                ParseLabel(Label);
                return true;
            case MapName:
                Map = Hold(entry, tar);
                ParseMap(Map);
                return true;
            case ControlFileReader.RelativePath:
                Control = Hold(entry, tar);
                return true;
            case ManifestName:
                using (var content = new TarMemberStream(tar))
                {
                    TakeManifest(content);
                }

                return true;
            case var name when name.StartsWith(WalPrefix, StringComparison.Ordinal) && entry.Type == TarEntryType.File:
                _wal.Add(entry with { Name = name[WalPrefix.Length..] }, tar);
                return true;
            // The map says where the tablespaces were, and our archive has no links.
            case var name when name.StartsWith(TablespaceLinks.FolderName + "/", StringComparison.Ordinal) && entry.Type == TarEntryType.SymbolicLink:
                return true;
            default:
                return (entry.Type == TarEntryType.File && DataDirectoryRules.IsLeftOut(entry.Name)) || DataDirectoryRules.IsAside(entry.Name);
        }
    }

    public void Dispose() => _labelCame.Dispose();

    public void TakeManifest(Stream content) => Manifest = ManifestDigest.Read(content, "the server's backup_manifest");

    private static HeldMember Hold(TarEntry entry, TarReader tar)
    {
        if (entry.Size > LargestHeld)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's \"{entry.Name}\" has {entry.Size} bytes");
        }

        return new HeldMember(StatusOf(entry), tar.ReadAll());
    }

    private void ParseLabel(HeldMember member)
    {
        if (!BackupLabel.TryParse(Encoding.UTF8.GetString(member.Content), out var label, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's backup_label cannot be understood: {problem}");
        }

        ParsedLabel = label;
        _wal.Begin(label);
        _labelCame.Release();
    }

    private void ParseMap(HeldMember member)
    {
        if (!TablespaceMap.TryParse(Encoding.UTF8.GetString(member.Content), _version, out var map, out var problem))
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server's tablespace_map cannot be understood: {problem}");
        }

        if (map.Entries.FirstOrDefault(entry => !Path.IsPathRooted(entry.Path)) is { } inPlace)
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable, $"the tablespace {inPlace.Oid} lies inside the data directory, which pg_basebackup stores as if it lay outside", "use --source files or sql");
        }

        Tablespaces = map.Entries;
    }
}

internal sealed record HeldMember(FileStatus Status, byte[] Content);
