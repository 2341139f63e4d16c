using System.Globalization;
using System.Text;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Restore;

/// <summary>
/// Our part of <c>postgresql.auto.conf</c>, and <c>recovery.signal</c>. Every other kind of target is reset first, since two of them, or a reset after
/// the target, are FATAL (docs/postgres.md); the timeline is the number that was proven, not whatever is the latest by then.
/// </summary>
internal sealed class RecoverySettings
{
    private const string FileName = "postgresql.auto.conf";
    private const string Begin = "# pgkeep restore: these lines are removed when the recovery is over";
    private const string End = "# pgkeep restore: end";

    private readonly string _dataDirectory;
    private readonly Account _owner;

    public RecoverySettings(string dataDirectory, Account owner)
    {
        _dataDirectory = dataDirectory;
        _owner = owner;
    }

    private string ConfigurationPath => Path.Combine(_dataDirectory, FileName);

    public static string RestoreCommand(string program, RepositoryLayout layout)
    {
        // %f and %p are the server's; any other percent sign must be doubled.
        var words = ShellQuote.Join([program, "get-wal", "--backup-dir", layout.BackupDirectory, "--wal-archive-dir", layout.WalDirectory]);
        return $"{words.Replace("%", "%%", StringComparison.Ordinal)} \"%f\" \"%p\"";
    }

    public void Write(string restoreCommand, DateTimeOffset? targetTime, TimelineId timeline)
    {
        var text = new StringBuilder(ReadConfiguration());
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append('\n');
        }

        text.AppendLine(Begin);
        foreach (var kind in new[] { "recovery_target", "recovery_target_lsn", "recovery_target_name", "recovery_target_time", "recovery_target_xid" })
        {
            AppendSetting(text, kind, "", targetTime is not null && kind == "recovery_target_time");
        }

        AppendSetting(text, "restore_command", restoreCommand);
        AppendSetting(text, "recovery_end_command", "");
        AppendSetting(text, "recovery_target_inclusive", "on");
        AppendSetting(text, "recovery_target_action", "promote");
        AppendSetting(text, "recovery_target_timeline", timeline.Value.ToString(CultureInfo.InvariantCulture));
        if (targetTime is { } target)
        {
            AppendSetting(text, "recovery_target_time", target.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture));
        }

        text.AppendLine(End);
        Replace(text.ToString());
        CreateSignal();
    }

    /// <summary>Leaves the file as the backup had it.</summary>
    public void Remove()
    {
        var text = ReadConfiguration();
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin >= 0 && end > begin)
        {
            Replace(text.Remove(begin, end + End.Length - begin).TrimEnd('\n') + "\n");
        }
    }

    private static void AppendSetting(StringBuilder text, string name, string value, bool isLeftOut = false)
    {
        if (!isLeftOut)
        {
            text.Append(name).Append(" = '").Append(value.Replace("'", "''", StringComparison.Ordinal)).Append("'\n");
        }
    }

    private string ReadConfiguration() => File.Exists(ConfigurationPath) ? File.ReadAllText(ConfigurationPath) : "";

    private void Replace(string content)
    {
        DurableFile.Replace(ConfigurationPath, Encoding.UTF8.GetBytes(content));
        Own(ConfigurationPath);
    }

    private void CreateSignal()
    {
        var path = Path.Combine(_dataDirectory, "recovery.signal");
        DurableFile.Replace(path, []);
        Own(path);
    }

    private void Own(string path)
    {
        if (Account.IsRoot)
        {
            FileSystem.ChangeOwner(path, _owner.UserId, _owner.GroupId);
        }
    }
}
