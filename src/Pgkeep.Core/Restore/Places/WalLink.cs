using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Places;

/// <summary>A <c>pg_wal</c> that is a link to a directory on another disk. The restored cluster gets the same one.</summary>
/// <param name="Text">As it stands in the link: absolute, or relative to the data directory.</param>
/// <param name="Target">With links followed.</param>
internal sealed record WalLink(string Text, string Target)
{
    public const string Name = "pg_wal";

    /// <summary>Null where it is a directory, or leads to one in the data directory itself, which moves along and comes back as a plain one.</summary>
    /// <param name="holder">Where <c>pg_wal</c> is now.</param>
    /// <param name="dataDirectory">Where it belongs.</param>
    public static WalLink? Of(string holder, string dataDirectory)
    {
        var path = Path.Combine(holder, Name);
        if (FileStatus.Of(path) is not { Type: FileType.SymbolicLink } || new FileInfo(path).LinkTarget is not { } text)
        {
            return null;
        }

        var target = FileSystem.Resolve(Path.GetFullPath(text, dataDirectory));
        return target.StartsWith(dataDirectory + "/", StringComparison.Ordinal) ? null : new WalLink(text, target);
    }

    /// <summary>Where the WAL of the cluster in a data directory lies, with links followed; a restore that was broken off may have moved it.</summary>
    public static string OldDirectoryOf(string dataDirectory)
    {
        if (RestoreJournal.FindBrokenOff(dataDirectory) is not { } broken)
        {
            return FileSystem.Resolve(Path.Combine(dataDirectory, Name));
        }

        var path = broken.NowAt(Path.Combine(dataDirectory, Name));
        return Of(Path.GetDirectoryName(path)!, dataDirectory) is { } link ? broken.NowAt(link.Target) : FileSystem.Resolve(path);
    }

    public void RequireUsable(string dataDirectory, RepositoryLayout layout)
    {
        if (FileStatus.Of(Target) is not { Type: FileType.Directory })
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"\"{dataDirectory}/{Name}\" is a link to \"{Text}\", and no directory is there",
                "nothing was changed; mount its disk, for it may have the last transactions",
                $"where that disk is lost: make an empty directory there, or remove the link: rm {ShellQuote.Word(Path.Combine(dataDirectory, Name))}");
        }

        if (layout.OverlapWith(Target) is { } own)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"the repository's \"{own}\" and \"{Target}\", to which {Name} is a link, lie one inside the other",
                "a restore would move the repository away: nothing was changed; copy it to a place of its own first");
        }
    }

    /// <summary>Makes it in a new data directory.</summary>
    /// <param name="createDirectory">Creates one of the cluster's account.</param>
    public void Create(string dataDirectory, Account owner, Action<string> createDirectory)
    {
        createDirectory(Target);
        var path = Path.Combine(dataDirectory, Name);
        FileSystem.CreateSymbolicLink(Text, path);
        owner.Own(path);
    }
}
