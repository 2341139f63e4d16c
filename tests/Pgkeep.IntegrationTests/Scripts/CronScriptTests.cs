using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Scripts;

/// <summary>With a crontab program of our own: it keeps the table in a file and writes down how it was called.</summary>
public sealed class CronScriptTests : IntegrationTest
{
    private const string FakeCrontab =
        """
        #!/bin/sh
        table=${0%/*}/table
        echo "$*" >>"${0%/*}/calls"
        case $1 in
        -l) [ -e "$table" ] && cat "$table" || { echo "no crontab for $(id -un)" >&2; exit 1; } ;;
        -r) rm "$table" ;;
        -) cat >"$table" ;;
        *) exit 9 ;;
        esac

        """;

    private const string Others = "MAILTO=dba@example.org\n\n5 4 * * * /usr/bin/true  \t\n";

    private string Table => Path.Combine(_programs, "table");

    private string _programs = "";
    private string _repository = "";

    [Fact]
    public async Task Install_adds_one_line_that_cron_can_run_and_remove_takes_it_away()
    {
        await PrepareAsync();

        Assert.Contains("Not installed", (await RunAsync("status")).EnsureExitCode(3).Stdout, StringComparison.Ordinal);
        (await RunAsync("install")).EnsureSuccess();
        (await RunAsync("install")).EnsureSuccess();

        var table = File.ReadAllText(Table);
        var line = Assert.Single(table.Split('\n'), line => line.Contains("backup-postgres.sh", StringComparison.Ordinal));
        Assert.StartsWith(Others + "# pgkeep begin\n", table, StringComparison.Ordinal);
        Assert.EndsWith("\n# pgkeep end\n", table, StringComparison.Ordinal);
        Assert.StartsWith("0 2 * * * ", line, StringComparison.Ordinal);
        Assert.Contains($">>'{_repository.Replace("%", "\\%", StringComparison.Ordinal)}/cron.log' 2>&1", line, StringComparison.Ordinal);
        Assert.Contains(line, (await RunAsync("status")).EnsureSuccess().Stdout, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(Path.Combine(_programs, "calls")), call => call == "-");

        // As cron does it: the percent signs lose their backslash, the rest goes to /bin/sh with a short PATH.
        var command = line["0 2 * * * ".Length..].Replace("\\%", "%", StringComparison.Ordinal);
        await TestAccount.RunAsync("/usr/bin/env", ["-i", "PATH=/usr/bin:/bin", "PGHOST=/nowhere", "/bin/sh", "-c", command]);
        Assert.Contains("cannot connect", File.ReadAllText(Path.Combine(_repository, "cron.log")), StringComparison.Ordinal);

        (await RunAsync("remove")).EnsureSuccess();
        Assert.Equal(Others, File.ReadAllText(Table));
        (await RunAsync("remove")).EnsureSuccess();
    }

    [Fact]
    public async Task Time_comes_from_the_environment_the_script_or_the_file_in_this_order()
    {
        await PrepareAsync();
        var workspace = await GetWorkspaceAsync();

        (await RunAsync("install")).EnsureSuccess();
        Assert.Contains("\n0 2 * * * ", File.ReadAllText(Table), StringComparison.Ordinal);

        File.AppendAllText(workspace.PathOf("backup.env"), "CRON_TIME=\"15 3 * * *\"\n");
        (await RunAsync("install")).EnsureSuccess();
        Assert.Contains("\n15 3 * * * ", File.ReadAllText(Table), StringComparison.Ordinal);

        (await RunAsync("install", ("CRON_TIME", "@daily"))).EnsureSuccess();
        Assert.Contains("\n@daily ", File.ReadAllText(Table), StringComparison.Ordinal);

        (await RunAsync("install", ("CRON_TIME", "0 25 * * *"))).EnsureExitCode(10);
        Assert.Contains("\n@daily ", File.ReadAllText(Table), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0 */6 * * *")]
    [InlineData("0 3 * * 0")]
    [InlineData("30 2 * * *")]
    public async Task Time_can_be_edited_in_the_script_as_the_runbook_says(string time)
    {
        await PrepareAsync();
        var workspace = await GetWorkspaceAsync();
        var text = File.ReadAllText(PgkeepBinary.Script("backup-cron.sh"));
        await workspace.CreateDirectoryAsync("home/scripts");
        await workspace.CreateDirectoryAsync("home/artifacts/native");
        (await TestAccount.RunAsync("cp", [PgkeepBinary.FilePath, workspace.PathOf("home/artifacts/native/pgkeep")])).EnsureSuccess();
        (await TestAccount.RunAsync("cp", [PgkeepBinary.Script("backup-postgres.sh"), workspace.PathOf("home/scripts")])).EnsureSuccess();
        var script = await workspace.WriteFileAsync(
            "home/scripts/backup-cron.sh", text.Replace("CRON_TIME=\"0 2 * * *\"\n", $"CRON_TIME=\"{time}\"\n", StringComparison.Ordinal), "0755");

        (await TestAccount.RunAsync(script, ["install"], new RunOptions { Environment = Environment() })).EnsureSuccess();

        Assert.Contains($"\n{time} ", File.ReadAllText(Table), StringComparison.Ordinal);
        Assert.Contains(workspace.PathOf("home/scripts/backup-postgres.sh base"), File.ReadAllText(Table), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_block_is_left_to_a_person()
    {
        await PrepareAsync();
        File.WriteAllText(Table, "# pgkeep begin\n5 4 * * * /usr/bin/true\n");

        (await RunAsync("install")).EnsureExitCode(10);

        Assert.Equal("# pgkeep begin\n5 4 * * * /usr/bin/true\n", File.ReadAllText(Table));
    }

    private async Task PrepareAsync()
    {
        var workspace = await GetWorkspaceAsync();
        _programs = await workspace.CreateDirectoryAsync("programs");
        _repository = await workspace.CreateDirectoryAsync("100% backups");
        await workspace.WriteFileAsync("programs/crontab", FakeCrontab, "0755");
        await workspace.WriteFileAsync("programs/table", Others);
        await workspace.WriteFileAsync("backup.env", $"BACKUP_DIR='{_repository}'\n");
    }

    private Dictionary<string, string> Environment(params (string Name, string Value)[] more)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = $"{_programs}:/usr/bin:/bin",
            ["PGKEEP_CONFIG"] = Path.Combine(Path.GetDirectoryName(_programs)!, "backup.env"),
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return environment;
    }

    private Task<ProgramResult> RunAsync(string verb, params (string Name, string Value)[] more) =>
        PgkeepBinary.RunScriptAsync("backup-cron.sh", [verb], new RunOptions { Environment = Environment(more) });
}
