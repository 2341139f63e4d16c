using Pgkeep.IntegrationTests.Harness;
using Xunit;

namespace Pgkeep.IntegrationTests.Archive;

/// <summary>
/// A data directory as far as archive_command sees it: segments in pg_wal that wait for the archiver. Offers them as the server's archiver does, oldest
/// first and one at a time, and marks them as done.
/// </summary>
internal sealed class WaitingWal
{
    private readonly string _repository;
    private readonly string _directory;

    private WaitingWal(string directory, string repository)
    {
        _directory = directory;
        _repository = repository;
    }

    /// <summary>Where the server calls its archive_command.</summary>
    public RunOptions Options => new()
    {
        Environment = new Dictionary<string, string> { ["BACKUP_DIR"] = _repository, ["PGKEEP_JOBS"] = "2" },
        WorkingDirectory = _directory,
    };

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<string> Waiting =>
        [.. Directory.EnumerateFiles(Path.Combine(_directory, "pg_wal/archive_status"), "*.ready").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    /// <param name="dataDirectory">Of which server they are; null for a directory that is nobody's, in which archive-wal leaves no process behind.</param>
    public static async Task<WaitingWal> CreateAsync(Workspace workspace, string repository, IReadOnlyList<string> segments, string? dataDirectory, string name = "made-up")
    {
        var directory = await workspace.CreateDirectoryAsync(name);
        await workspace.CreateDirectoryAsync(name + "/pg_wal/archive_status");
        (await TestAccount.RunAsync("cp", [.. segments, Path.Combine(directory, "pg_wal")])).EnsureSuccess();
        if (dataDirectory is not null)
        {
            await workspace.CreateDirectoryAsync(name + "/global");
            (await TestAccount.RunAsync("cp", [Path.Combine(dataDirectory, "global/pg_control"), Path.Combine(directory, "global")])).EnsureSuccess();
        }

        var wal = new WaitingWal(directory, repository);
        foreach (var segment in segments)
        {
            await wal.MarkAsync(Path.GetFileName(segment));
        }

        return wal;
    }

    public static string PathOf(string name) => $"pg_wal/{name}";

    /// <summary>The command's, with which the archiver offers it.</summary>
    public static string[] WordsOf(string name) => ["archive-wal", PathOf(name), name];

    public string FilePath(string name) => Path.Combine(_directory, PathOf(name));

    /// <summary>A file of the data directory.</summary>
    public Task WriteAsync(string name, string content) => TestAccount.WriteFileAsync(Path.Combine(_directory, name), content);

    public Task MarkAsync(string name) => TestAccount.WriteFileAsync(StatusOf(name), "");

    public void Unmark(string name) => File.Delete(StatusOf(name));

    public Task<ProgramResult> OfferAsync(string name) => PgkeepBinary.RunAsync(WordsOf(name), Options);

    /// <summary>And waits until nothing is stored ahead any more.</summary>
    public async Task<ProgramResult> OfferAndSettleAsync(string name)
    {
        var result = await OfferAsync(name);
        await SettleAsync();
        return result;
    }

    public Task SettleAsync() => Processes.WaitForEndAsync(LeftProcesses.AheadBelow(Path.GetDirectoryName(_repository)!));

    public RunningProgram Start(string name) => PgkeepBinary.Start(WordsOf(name), Options);

    public async Task OfferAllAsync()
    {
        foreach (var name in Waiting)
        {
            var result = await OfferAsync(name);
            Assert.True(result.ExitCode == 0, $"{name}: {result}");
            Unmark(name);
        }
    }

    public void Remove() => Directory.Delete(_directory, recursive: true);

    private string StatusOf(string name) => Path.Combine(_directory, "pg_wal/archive_status", name + ".ready");
}
