using Pgkeep.Posix;

namespace Pgkeep.Restore.InPlace;

/// <summary>
/// A copy of the old server's WAL that no archive has, made before its <c>pg_wal</c> is emptied: a directory that holds a <c>pg_wal</c> of its own, so that it can be looked through as the old
/// data directory was.
/// </summary>
internal static class SavedWal
{
    private const int OwnerOnly = 0b111_000_000;

    private static readonly string Status = Path.Combine("pg_wal", "archive_status");

    /// <summary>Durable when it returns; called again it makes whole what was broken off.</summary>
    public static void Save(IReadOnlyList<UnarchivedFile> files, string directory, Account owner, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            return;
        }

        var folder = Path.Combine(directory, "pg_wal");
        foreach (var made in (string[])[directory, folder, Path.Combine(directory, Status)])
        {
            if (FileSystem.TryCreateDirectory(made, OwnerOnly))
            {
                owner.Own(made);
            }
        }

        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (file.IsReady)
            {
                owner.Own(WriteMark(directory, file));
            }

            owner.Own(Copy(file.Path, Path.Combine(folder, file.Name.Name)));
        }

        FileSystem.SyncDirectory(Path.Combine(directory, Status));
        FileSystem.SyncDirectory(folder);
        FileSystem.SyncDirectory(directory);
        FileSystem.SyncDirectory(Path.GetDirectoryName(directory)!);
    }

    /// <summary>Whether anything was saved there.</summary>
    public static bool IsAny(string directory) => Directory.Exists(directory);

    private static string WriteMark(string directory, UnarchivedFile file)
    {
        var mark = Path.Combine(directory, Status, file.Name.Name + ".ready");
        DurableFile.Replace(mark, []);
        return mark;
    }

    private static string Copy(string from, string to)
    {
        try
        {
            using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
            using var target = DurableFile.Create(to);
            source.CopyTo(target.Stream, 1024 * 1024);
            target.PublishReplacing();
            return to;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, $"copy \"{from}\" to", to);
        }
    }
}
