using System.Text;
using Pgkeep.Posix;

namespace Pgkeep.Check;

/// <summary>ERROR in the last lines of backup.log: the runbook's <c>tail -100 backup.log | grep ERROR</c>, but a later success ends the alarm.</summary>
internal static class LogCheck
{
    private const string Part = "log";
    private const int Lines = 100;
    private const int LongestTail = 256 * 1024;
    private const string Success = "] Backup completed: ";
    private const string Failure = "] ERROR";

    public static CheckFinding Run(CheckSettings settings) => Judge(ReadTail(settings.Layout.BackupLog));

    /// <param name="text">The end of the log; its first line may be cut.</param>
    public static CheckFinding Judge(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(Lines).ToList();
        var since = lines.FindLastIndex(line => line.Contains(Success, StringComparison.Ordinal)) + 1;
        var errors = lines.Skip(since).Where(line => line.Contains(Failure, StringComparison.Ordinal)).ToList();
        return errors.Count == 0
            ? new CheckFinding(Part, CheckState.Ok, "", "no ERROR since the last backup")
            : new CheckFinding(
                Part,
                CheckState.Critical,
                $"{errors.Count} {(errors.Count == 1 ? "ERROR" : "ERRORs")} in backup.log since the last backup",
                $"last of {errors.Count} since the last backup: {errors[^1]}");
    }

    private static string ReadTail(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, LongestTail), SeekOrigin.End);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (FileNotFoundException)
        {
            // Nothing was ever done, so nothing failed; the missing backup is another part's finding.
            return "";
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
