using System.Globalization;
using Pgkeep.Output;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Demo;

/// <summary>A repository's directory with the meaning of everything in it. Dot-names are left out, as <c>tree</c> does.</summary>
internal static class RepositoryTree
{
    /// <summary>An archive is known by its name without the codec's suffix.</summary>
    private static readonly ArchiveNames Plain = new(Codec.None);

    private static readonly Dictionary<string, string> Meanings = new()
    {
        [Plain.Main] = "compressed database files",
        [Plain.Wal] = "WAL files at backup time",
        [Plain.Configuration] = "configuration kept elsewhere",
        [RepositoryLayout.MetadataName] = "backup information",
        [RepositoryLayout.ChecksumsName] = "integrity checksums (sha256sum -c)",
        [RepositoryLayout.ManifestName] = "every file (pg_verifybackup)",
        [RepositoryLayout.MarkerName] = "which cluster this belongs to",
        [RepositoryLayout.LatestName] = "the newest backup",
        [RepositoryLayout.WalFolderName] = "WAL archive directory",
        ["base.index.gz"] = "where each file lies in base.tar.gz",
        [RepositoryLayout.CatalogName] = "names of databases and tables",
        ["archive.log"] = "archive operation log",
        ["backup.log"] = "backup operation log",
        ["cron.log"] = "cron job execution log",
    };

    public static TreeNode Read(string directory) => new(directory, Children: ReadChildren(directory));

    private static IReadOnlyList<TreeNode> ReadChildren(string directory) =>
    [
        .. new DirectoryInfo(directory).EnumerateFileSystemInfos()
            .Where(entry => !entry.Name.StartsWith('.'))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(Read),
    ];

    private static TreeNode Read(FileSystemInfo entry) => entry switch
    {
        { LinkTarget: { } target } => new TreeNode($"{entry.Name} -> {target}", Meaning: MeaningOf(entry.Name)),
        DirectoryInfo => new TreeNode($"{entry.Name}/", "", MeaningOf(entry.Name), ReadChildren(entry.FullName)),
        FileInfo file => new TreeNode(file.Name, ByteSizeText.Of(file.Length), MeaningOf(file.Name)),
        _ => new TreeNode(entry.Name),
    };

    private static string MeaningOf(string name)
    {
        var packed = Codec.All.FirstOrDefault(codec => codec.Suffix.Length > 0 && name.EndsWith(codec.Suffix, StringComparison.Ordinal));
        var plain = name[..^(packed?.Suffix.Length ?? 0)];
        if (Meanings.TryGetValue(name, out var meaning) || Meanings.TryGetValue(plain, out meaning))
        {
            return meaning;
        }

        if (BackupName.TryParse(name, out _))
        {
            return "base backup, named by its start";
        }

        return WalFileName.TryParse(plain, out var wal) ? MeaningOf(wal) : IsTablespace(plain) ? "compressed tablespace files" : "";
    }

    private static string MeaningOf(WalFileName wal) => wal.Kind switch
    {
        WalFileKind.Segment => "archived WAL segment",
        WalFileKind.History => "where a timeline branches off",
        WalFileKind.BackupHistory => "where a backup begins and ends",
        _ => "unfinished WAL segment",
    };

    private static bool IsTablespace(string plain) =>
        plain.EndsWith(".tar", StringComparison.Ordinal) && uint.TryParse(plain.AsSpan(0, plain.Length - ".tar".Length), CultureInfo.InvariantCulture, out _);
}
