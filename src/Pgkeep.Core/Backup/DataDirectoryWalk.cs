using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;

namespace Pgkeep.Backup;

/// <param name="Path">Absolute.</param>
/// <param name="Name">Relative to the data directory, as the manifest has it; a tablespace's files begin with <c>pg_tblspc/OID/</c>.</param>
internal readonly record struct CopyItem(string Path, string Name, FileStatus Status);

/// <summary>
/// Goes through a data directory or a tablespace while the server changes it. A file or directory that vanishes meanwhile was dropped, and
/// recovery drops it again; whatever cannot be read is a failure.
/// </summary>
internal sealed class DataDirectoryWalk
{
    private readonly Action<string> _warn;

    /// <param name="warn">Called for what a backup cannot hold: links and special files.</param>
    public DataDirectoryWalk(Action<string> warn) => _warn = warn;

    /// <summary>Directories before their content; <c>pg_control</c> is left to the caller.</summary>
    /// <param name="name">Of the directory, relative to the data directory; empty for that itself.</param>
    public IEnumerable<CopyItem> Of(string path, string name)
    {
        foreach (var item in List(path, name))
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
                    // pg_wal may be a link to another disk; in a backup it is a directory, as in PostgreSQL's own.
                    yield return item with { Status = item.Status with { Type = FileType.Directory } };
                    break;
                case FileType.Directory:
                    yield return item;
                    foreach (var inner in Of(item.Path, item.Name))
                    {
                        yield return inner;
                    }

                    break;
                case FileType.SymbolicLink when Path.GetDirectoryName(item.Name) == TablespaceLinks.FolderName:
                    break;
                default:
                    LeaveOut(item.Path, item.Name, item.Status.Type == FileType.SymbolicLink ? "is a symbolic link" : "is a special file");
                    break;
            }
        }
    }

    /// <summary>Only the names are held, and each file is looked at when its turn comes: a directory can have a million.</summary>
    private IEnumerable<CopyItem> List(string path, string name)
    {
        var names = EntryNames(path);
        if (DataDirectoryRules.HoldsRelations(name))
        {
            RemoveVolatileRelations(names);
        }

        foreach (var entry in names)
        {
            var itemName = name.Length == 0 ? entry : $"{name}/{entry}";
            var itemPath = Path.Combine(path, entry);
            if (DataDirectoryRules.IsLeftOut(itemName))
            {
                continue;
            }

            if (FileStatus.Of(itemPath) is { } status)
            {
                yield return new CopyItem(itemPath, itemName, status);
            }
            else if (entry.Contains('\uFFFD'))
            {
                LeaveOut(itemPath, itemName, "has a name that is not UTF-8");
            }
        }
    }

    private void LeaveOut(string path, string name, string why)
    {
        if (DataDirectoryRules.IsEssential(name))
        {
            throw new PgkeepException(
                ErrorKind.ServerUnsuitable,
                $"\"{path}\" {why}, and a backup without it would lack data",
                "move what it leads to back into the data directory, or make it a tablespace");
        }

        _warn($"not in the backup: \"{path}\" {why}");
    }

    private static List<string> EntryNames(string path)
    {
        try
        {
            var names = new List<string>(Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry)));
            names.Sort(StringComparer.Ordinal);
            return names;
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", path);
        }
    }

    /// <summary>Temporary relations go; of an unlogged one only the init fork stays, from which recovery makes it anew and empty.</summary>
    private static void RemoveVolatileRelations(List<string> names)
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
