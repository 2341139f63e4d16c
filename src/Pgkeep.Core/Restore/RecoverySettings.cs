using System.Globalization;
using System.Text;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Our part of <c>postgresql.auto.conf</c>, and <c>recovery.signal</c>. Every other kind of target is reset first, since two of them, or a reset after
/// the target, are FATAL (docs/postgres.md); the timeline is the number that was proven, not whatever is the latest by then. Nothing else that
/// an old configuration may hold for a standby takes effect: an <c>archive_cleanup_command</c> would remove what the restore is reading.
/// </summary>
internal sealed class RecoverySettings
{
    public const string SignalName = "recovery.signal";

    private const string FileName = "postgresql.auto.conf";
    private const string Begin = "# pgkeep restore: these lines are for the recovery, and have no use when it is over";
    private const string End = "# pgkeep restore: end";
    private const int DefaultMode = 0b110_000_000;

    private static readonly string[] Targets = ["recovery_target", "recovery_target_lsn", "recovery_target_name", "recovery_target_time", "recovery_target_xid"];

    private readonly string _dataDirectory;
    private readonly Account _owner;
    private readonly byte[]? _original;
    private readonly int _mode;

    /// <param name="dataDirectory">As the backup had it: what the file holds now comes back when the recovery is over.</param>
    public RecoverySettings(string dataDirectory, Account owner)
    {
        _dataDirectory = dataDirectory;
        _owner = owner;
        var status = FileStatus.OfTarget(ConfigurationPath);
        _original = status is null ? null : ReadConfiguration();
        _mode = status?.Mode ?? DefaultMode;
    }

    private string ConfigurationPath => Path.Combine(_dataDirectory, FileName);

    /// <summary>Says where everything is, so that no configuration file can stop a recovery, or point it to another repository.</summary>
    /// <param name="timeline">That the recovery is pinned to; null where it asks for no segment.</param>
    public static string RestoreCommand(string program, RepositoryLayout layout, RecoveryFetch fetch, TimelineId? timeline = null)
    {
        // %f and %p are the server's; any other percent sign must be doubled.
        IReadOnlyList<string> pinned = timeline is { } known ? ["--timeline", known.Value.ToString(CultureInfo.InvariantCulture)] : [];
        var words = ShellQuote.Join([program, .. GetWalWords(layout), .. fetch.Words, .. pinned]);
        return $"{words.Replace("%", "%%", StringComparison.Ordinal)} \"%f\" \"%p\"";
    }

    /// <summary>
    /// Where the WAL ends with the backup: every segment is "not in the archive", so that recovery takes those in pg_wal. An archive that there is
    /// is still asked for histories, so that the new timeline's number is a free one.
    /// </summary>
    public static string OwnWalCommand(string program, RepositoryLayout layout, RecoveryFetch fetch, bool hasArchive) =>
        hasArchive ? $"case \"%f\" in *.history) {RestoreCommand(program, layout, fetch)} ;; *) false ;; esac" : "false";

    /// <param name="timelines">Whose histories are "not in the archive" whatever the command says.</param>
    public static string Without(IReadOnlyList<TimelineId> timelines, string command) => timelines.Count == 0
        ? command
        : $"case \"%f\" in {string.Join('|', timelines.Select(timeline => timeline.ToHex() + ".history"))}) false ;; *) {command} ;; esac";

    public static IReadOnlyList<string> GetWalWords(RepositoryLayout layout) =>
        ["get-wal", "--config", "/dev/null", "--backup-dir", layout.BackupDirectory, "--wal-archive-dir", layout.WalDirectory];

    /// <param name="archivesRestored">Whether the cluster's archive_mode is "always".</param>
    /// <param name="readsAhead">Whether the server may read WAL behind the target.</param>
    public void Write(string restoreCommand, RecoveryTarget target, RecoveryTargetAction action, TimelineId timeline, bool archivesRestored = false, bool readsAhead = true)
    {
        var text = new StringBuilder();
        if (_original is [.., not (byte)'\n'])
        {
            text.Append('\n');
        }

        text.Append(Begin).Append('\n');
        foreach (var kind in Targets.Where(kind => kind != target.Setting?.Name))
        {
            AppendSetting(text, kind, "");
        }

        if (archivesRestored)
        {
            // It would archive what it gets back from the archive, the unfinished segment at its end too.
            AppendSetting(text, "archive_mode", "on");
        }

        AppendSetting(text, "restore_command", restoreCommand);
        AppendSetting(text, "archive_cleanup_command", "");
        AppendSetting(text, "recovery_end_command", "");
        AppendSetting(text, "recovery_min_apply_delay", "0");
        if (!readsAhead)
        {
            AppendSetting(text, "recovery_prefetch", "off");
        }

        AppendSetting(text, "recovery_target_inclusive", target.IsExclusive ? "off" : "on");
        AppendSetting(text, "recovery_target_action", action switch
        {
            RecoveryTargetAction.Pause => "pause",
            RecoveryTargetAction.Shutdown => "shutdown",
            _ => "promote",
        });
        AppendSetting(text, "recovery_target_timeline", timeline.Value.ToString(CultureInfo.InvariantCulture));
        if (target.Setting is { } set)
        {
            AppendSetting(text, set.Name, set.Value);
        }

        text.Append(End).Append('\n');
        Replace(ConfigurationPath, [.. _original ?? [], .. Encoding.UTF8.GetBytes(text.ToString())], _mode, _owner);
        Replace(Path.Combine(_dataDirectory, SignalName), [], DefaultMode, _owner);
    }

    /// <summary>
    /// Leaves the file as the backup had it, but for lines behind it that take all recovery targets back: with two kinds of them in the configuration's files, which a server that was not restarted
    /// since does not know of, none starts (docs/postgres.md).
    /// </summary>
    public void RemoveAllButResets()
    {
        var text = new StringBuilder(_original is [.., not (byte)'\n'] ? "\n" : "").Append("# pgkeep restore: no server starts with targets of two kinds, which the configuration had\n");
        foreach (var kind in Targets)
        {
            AppendSetting(text, kind, "");
        }

        Replace(ConfigurationPath, [.. _original ?? [], .. Encoding.UTF8.GetBytes(text.ToString())], _mode, _owner);
    }

    /// <summary>Leaves the file as the backup had it, byte for byte.</summary>
    public void Remove()
    {
        if (_original is not null)
        {
            Replace(ConfigurationPath, _original, _mode, _owner);
            return;
        }

        FileSystem.Delete(ConfigurationPath);
        FileSystem.SyncDirectory(_dataDirectory);
    }

    // PostgreSQL src/backend/utils/misc/guc-file.l, DeescapeQuotedString
    private static void AppendSetting(StringBuilder text, string name, string value) => text
        .Append(name)
        .Append(" = '")
        .Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal))
        .Append("'\n");

    private byte[] ReadConfiguration()
    {
        try
        {
            return File.ReadAllBytes(ConfigurationPath);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", ConfigurationPath);
        }
    }

    private static void Replace(string path, ReadOnlySpan<byte> content, int mode, Account owner)
    {
        DurableFile.Replace(path, content, mode);
        owner.Own(path);
    }
}
