using System.Text;
using System.Text.Json;
using Pgkeep.Drill;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Drill;

public sealed class DrillReportsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2025, 1, 8, 14, 0, 0, TimeSpan.FromHours(1));

    private readonly TemporaryDirectory _directory = new();

    private string Folder => _directory.PathOf(".pgkeep/drills");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_report_has_a_file_a_page_and_a_log_of_one_name()
    {
        Begin(Now).Write(Report());

        Assert.Equal(["20250108T130000Z.html", "20250108T130000Z.json", "20250108T130000Z.log"], Directory.EnumerateFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "20250108T130000Z.json")));
        Assert.Equal("failed", json.RootElement.GetProperty("result").GetString());
    }

    [Fact]
    public void Two_drills_of_one_second_have_two_reports()
    {
        Begin(Now).Write(Report());
        Begin(Now).Write(Report());

        Assert.Equal(2, Directory.EnumerateFiles(Folder, "*.json").Count());
    }

    [Fact]
    public void Only_the_newest_are_kept_and_what_is_not_ours_stays()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "notes.log"), "mine");
        for (var day = 0; day < DrillReports.Kept + 2; day++)
        {
            Begin(Now.AddDays(day)).Write(Report());
        }

        Assert.Equal(DrillReports.Kept, Directory.EnumerateFiles(Folder, "*.json").Count());
        Assert.Equal(DrillReports.Kept + 1, Directory.EnumerateFiles(Folder, "*.log").Count());
        Assert.False(File.Exists(Path.Combine(Folder, "20250109T130000Z.html")));
    }

    [Fact]
    public void A_page_shows_text_as_text()
    {
        var page = Encoding.UTF8.GetString(DrillPage.Of(Report()));

        Assert.Contains("backup_20250108_020000 failed the drill", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
    }

    private static DrillReport Report() => new()
    {
        FormatVersion = DrillReport.CurrentFormatVersion,
        PgkeepVersion = "0.1.0",
        Started = Now,
        Ended = Now.AddSeconds(5),
        Result = DrillResults.Failed,
        Reason = "sql: line 1 answers false: <script>",
        Backup = "backup_20250108_020000",
        Target = "the end of the WAL",
        RpoSeconds = 12.5,
        RtoSeconds = 3.5,
        Seconds = new Dictionary<string, double> { ["plan"] = 1.5, ["copy"] = 2 },
        Checks = [new DrillCheck("databases", true, "2 databases")],
    };

    private DrillReports Begin(DateTimeOffset now) => DrillReports.Begin(RepositoryLayout.Of(_directory.Path, null), now);
}
