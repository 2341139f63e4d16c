using System.Globalization;
using System.Text;
using Pgkeep.Posix;
using Pgkeep.Postgres;

namespace Pgkeep.Restore.Copies;

/// <summary>
/// The configuration of a copy: its own, whatever the cluster's says. That may name the cluster's directories, archive into its archive, listen on its address, load libraries that work by
/// themselves, or connect to other servers. The backup's own files stay beside as <c>*.original</c>.
/// </summary>
internal sealed class CopyConfiguration
{
    private const string OriginalSuffix = ".original";
    private const int FileMode = 0b110_000_000;

    private static readonly string[] Replaced = ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"];

    private readonly string _dataDirectory;
    private readonly Account _owner;

    public CopyConfiguration(string dataDirectory, Account owner) => (_dataDirectory, _owner) = (dataDirectory, owner);

    public required int Port { get; init; }

    /// <summary>Nothing in it works by itself: for a copy that is looked at and removed.</summary>
    public bool IsIdle { get; init; }

    /// <summary>For the server's command line while it recovers: what no file in the data directory can undo.</summary>
    public static IReadOnlyList<string> Options(string dataDirectory, PostgresVersion version) =>
    [
        "-c", $"data_directory={dataDirectory}",
        "-c", $"config_file={Path.Combine(dataDirectory, "postgresql.conf")}",
        "-c", "archive_mode=off",
        "-c", "archive_command=",
        "-c", "shared_preload_libraries=",
        "-c", "max_logical_replication_workers=0",
        .. version.HasEventTriggersSetting ? new[] { "-c", "event_triggers=off" } : [],
    ];

    /// <summary>To be called when the backup's files are there, before <c>pg_control</c> has its name; all of it is durable then.</summary>
    /// <param name="limits">That the server whose WAL is replayed was started with since the backup.</param>
    public void Write(ServerLimits limits)
    {
        foreach (var name in Replaced)
        {
            var path = Path.Combine(_dataDirectory, name);
            if (FileStatus.Of(path) is not null)
            {
                FileSystem.Rename(path, path + OriginalSuffix);
            }
        }

        Write("pg_ident.conf", "# Names of accounts that stand for other roles: there are none.\n");
        Write("pg_hba.conf", "# The socket lies in the data directory, and only the account that owns it may connect there.\nlocal all all trust\n");
        Write("postgresql.conf", Text(limits));
        FileSystem.SyncDirectory(_dataDirectory);
    }

    private string Text(ServerLimits limits)
    {
        var text = new StringBuilder()
            .Append("# Written by pgkeep for this copy, which is apart from the cluster that it was made of: no archiving, no network,\n")
            .Append("# no preloaded libraries, no subscriptions. The cluster's own files are beside this one, as *.original.\n");
        Add("port", Port.ToString(CultureInfo.InvariantCulture));
        Add("listen_addresses", "");
        Add("unix_socket_directories", Quoted(_dataDirectory));
        Add("unix_socket_permissions", "0700");
        foreach (var (name, value) in limits.Settings)
        {
            Add(name, value.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var (name, value) in new[]
        {
            ("shared_buffers", "128MB"), ("archive_mode", "off"), ("archive_command", ""),
            ("shared_preload_libraries", ""), ("session_preload_libraries", ""), ("local_preload_libraries", ""),
            ("max_logical_replication_workers", "0"), ("synchronous_standby_names", ""), ("primary_conninfo", ""), ("primary_slot_name", ""),
        })
        {
            Add(name, value);
        }

        if (IsIdle)
        {
            Add("autovacuum", "off");
        }

        return text.ToString();

        void Add(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'\n");
    }

    /// <summary>In a list of directories, where a comma or a blank would begin another (PostgreSQL src/backend/utils/adt/varlena.c, SplitDirectoriesString).</summary>
    private static string Quoted(string directory) => $"\"{directory.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private void Write(string name, string text)
    {
        var path = Path.Combine(_dataDirectory, name);
        DurableFile.Replace(path, Encoding.UTF8.GetBytes(text), FileMode);
        _owner.Own(path);
    }
}
