using Pgkeep.Backup.Sources;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Backup;

/// <param name="Name">Relative to the data directory, as the manifest has it; a tablespace's files begin with <c>pg_tblspc/OID/</c>.</param>
internal readonly record struct CopyItem(string Name, FileStatus Status);

/// <summary>
/// Goes through a data directory or a tablespace while the server changes it. A file or directory that vanishes meanwhile was dropped, and
/// recovery drops it again; whatever cannot be read is a failure.
/// </summary>
internal sealed class DataDirectoryWalk
{
    private readonly IServerFiles _files;
    private readonly Action<string> _warn;

    /// <param name="warn">Called for what a backup cannot hold: links and special files.</param>
    public DataDirectoryWalk(IServerFiles files, Action<string> warn)
    {
        _files = files;
        _warn = warn;
    }

    /// <summary>Directories before their content; <c>pg_control</c> is left to the caller.</summary>
    /// <param name="name">Of the directory, relative to the data directory; empty for that itself.</param>
    public IEnumerable<CopyItem> Of(string name)
    {
        foreach (var item in List(name))
        {
            if (item.Name == ControlFileReader.RelativePath)
            {
                continue;
            }

            switch (item.Status.Type)
            {
                case FileType.Regular:
                    yield return item;
                    break;
                case FileType.Directory or FileType.SymbolicLink when DataDirectoryRules.IsEmptied(item.Name):
                    yield return item with { Status = AsDirectory(item.Status) };
                    break;
                case FileType.Directory:
                    yield return item;
                    foreach (var inner in Of(item.Name))
                    {
                        yield return inner;
                    }

                    break;
                case FileType.SymbolicLink when Path.GetDirectoryName(item.Name) == TablespaceLinks.FolderName:
                    break;
                default:
                    LeaveOut(item.Name, item.Status.Type == FileType.SymbolicLink ? "is a symbolic link" : "is a special file");
                    break;
            }
        }
    }

    /// <summary>
    /// <c>pg_wal</c> may be a link to another disk; in a backup it is a directory, as in PostgreSQL's own. A link's mode is 0777, which says nothing:
    /// the server makes its directories with the data directory's own (src/common/file_perm.c).
    /// </summary>
    private FileStatus AsDirectory(FileStatus status) => status.Type == FileType.Directory
        ? status
        : status with { Type = FileType.Directory, Mode = _files.StatusOf("", ["."]).Single()!.Value.Mode };

    /// <summary>Only the names are held, and each file is looked at when its turn comes: a directory can have a million.</summary>
    private IEnumerable<CopyItem> List(string directory)
    {
        var names = _files.NamesIn(directory);
        names.Sort();
        if (RelationFilePath.HoldsRelations(directory))
        {
            RemoveVolatileRelations(names);
        }

        names.RemoveAll(entry => DataDirectoryRules.IsLeftOut(NameOf(directory, entry)));
        var number = 0;
        foreach (var found in _files.StatusOf(directory, names))
        {
            var name = NameOf(directory, names[number++]);
            if (found is { } status)
            {
                yield return new CopyItem(name, status);
            }
            else if (name.Contains('\uFFFD'))
            {
                LeaveOut(name, "has a name that is not UTF-8");
            }
        }
    }

    private static string NameOf(string directory, string entry) => directory.Length == 0 ? entry : $"{directory}/{entry}";

    private void LeaveOut(string name, string why)
    {
        if (DataDirectoryRules.IsEssential(name))
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{name}\" in the data directory {why}, and a backup without it would lack data",
                "move what it leads to back into the data directory, or make it a tablespace");
        }

        _warn($"not in the backup: \"{name}\" in the data directory {why}");
    }

    /// <summary>Temporary relations go; of an unlogged one only the init fork stays, from which recovery makes it anew and empty.</summary>
    private static void RemoveVolatileRelations(NameList names)
    {
        var unlogged = new HashSet<uint>();
        foreach (var name in names)
        {
            if (RelationFileName.TryParse(name, out var relation) && relation.Fork == RelationFork.Init)
            {
                unlogged.Add(relation.RelationNumber);
            }
        }

        names.RemoveAll(name => RelationFileName.TryParse(name, out var relation)
            && (relation.IsTemporary || (relation.Fork != RelationFork.Init && unlogged.Contains(relation.RelationNumber))));
    }
}
