using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Drill;

/// <summary>The reports in a repository, <c>.pgkeep/drills/STAMP.json</c>, with a page for people and the log beside. The newest are kept.</summary>
internal sealed class DrillReports
{
    /// <summary>Two years of a drill a week.</summary>
    public const int Kept = 104;

    private const string FolderName = "drills";
    private const int OwnerOnly = 0b111_000_000;
    private const int FileMode = 0b110_100_000;

    private static readonly string[] Suffixes = [".log", ".html", ".json"];

    private readonly string _directory;
    private readonly string _stamp;

    private DrillReports(string directory, string stamp) => (_directory, _stamp) = (directory, stamp);

    public string LogPath => PathOf(".log");

    public string PagePath => PathOf(".html");

    public string ReportPath => PathOf(".json");

    /// <summary>Takes a name for the reports of a drill that begins.</summary>
    public static DrillReports Begin(RepositoryLayout layout, DateTimeOffset now)
    {
        RepositoryLock.EnsureStateDirectory(layout);
        var directory = Path.Combine(layout.StateDirectory, FolderName);
        FileSystem.TryCreateDirectory(directory, OwnerOnly);
        for (var moment = now.ToUniversalTime(); ; moment = moment.AddSeconds(1))
        {
            var reports = new DrillReports(directory, moment.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
            using var log = FileSystem.TryCreateFile(reports.LogPath, out var exists);
            if (log is not null)
            {
                return reports;
            }

            _ = exists ? true : throw new PgkeepException(ErrorKind.StorageFailed, $"cannot create \"{reports.LogPath}\"");
        }
    }

    /// <summary>The page first: where the report is, both are.</summary>
    public void Write(DrillReport report)
    {
        DurableFile.Replace(PagePath, DrillPage.Of(report), FileMode);
        DurableFile.Replace(ReportPath, report.ToJson(), FileMode);
        foreach (var stamp in Old())
        {
            foreach (var suffix in Suffixes.Reverse())
            {
                FileSystem.Delete(Path.Combine(_directory, stamp + suffix));
            }
        }
    }

    private string PathOf(string suffix) => Path.Combine(_directory, _stamp + suffix);

    /// <summary>Those of drills before the newest, by their names, which are times.</summary>
    private IReadOnlyList<string> Old()
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(_directory)
                    .Where(path => Suffixes.Contains(Path.GetExtension(path)) && IsStamp(Path.GetFileNameWithoutExtension(path)))
                    .Select(path => Path.GetFileNameWithoutExtension(path))
                    .Distinct()
                    .OrderDescending(StringComparer.Ordinal)
                    .Skip(Kept),
            ];
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "list", _directory);
        }
    }

    private static bool IsStamp(string name) =>
        DateTimeOffset.TryParseExact(name, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
}
