using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// The server archives a history once, when its timeline begins. One that was removed from the archive since, by age for example, is stored
/// again while the server still has it: without it no restore finds its way to this timeline.
/// </summary>
internal sealed class MissingHistory
{
    private readonly WalArchive _archive;
    private readonly SystemIdentifier _identifier;
    private readonly int _level;
    private readonly Action<string> _tell;

    public MissingHistory(WalArchive archive, SystemIdentifier identifier, int level, Action<string> tell)
    {
        _archive = archive;
        _identifier = identifier;
        _level = level;
        _tell = tell;
    }

    /// <param name="read">What the server has, and when it wrote it; null where it has none. Called only where the archive has none.</param>
    public async Task StoreAsync(TimelineId timeline, Func<(byte[] Content, DateTimeOffset Modified)?> read, CancellationToken cancellationToken)
    {
        var name = ArchivingProof.HistoryOf(timeline);
        if (await _archive.FindAsync(name, cancellationToken) is not null || read() is not var (content, modified))
        {
            return;
        }

        if (!TimelineHistory.TryParse(timeline, Encoding.UTF8.GetString(content), out _, out var problem))
        {
            throw new PgkeepException(ErrorKind.WalInvalid, $"the server's \"pg_wal/{name}\" {problem}");
        }

        _ = WalFileName.TryParse(name, out var file);
        await _archive.StoreAsync(file!, content, _identifier, _level, modified, cancellationToken);
        _tell($"Stored again, for it was missing in the archive: {name}");
    }
}
