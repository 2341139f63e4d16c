using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Backup.Streamed;

/// <summary>
/// Runs <c>pg_basebackup</c> and stores what it sends while it sends it; with several tablespaces, which do not fit into one output, out of a
/// directory inside the backup in the making.
/// </summary>
internal sealed class StreamedCopy
{
    /// <summary>Goes with the backup in the making, however that ends.</summary>
    private const string DirectoryName = ".pg_basebackup";

    /// <summary>The name it has at the end, and the one that it keeps when the server found damage.</summary>
    private static readonly string[] ManifestNames = ["backup_manifest", "backup_manifest.tmp"];

    private readonly StreamPlan _plan;
    private readonly BackupSettings _settings;
    private readonly StreamedArchives _archives;
    private readonly StreamedMembers _members;
    private readonly string _label;
    private readonly string _directory;
    private readonly Action<string> _tell;

    public StreamedCopy(StreamPlan plan, BackupSettings settings, PendingBackup pending, StreamedArchives archives, StreamedMembers members, BackupName name, Action<string> tell)
    {
        _plan = plan;
        _settings = settings;
        _archives = archives;
        _members = members;
        _label = $"pgkeep {name}";
        _directory = Path.Combine(pending.Directory, DirectoryName);
        _tell = tell;
    }

    /// <returns>Null, or the failure that the program ended with after it had sent everything: the server found damage.</returns>
    public async Task<PgkeepException?> RunAsync(CancellationToken cancellationToken)
    {
        if (await HasTablespacesAsync(cancellationToken) == true)
        {
            return await RunToDirectoryAsync(cancellationToken);
        }

        _tell("Running pg_basebackup...");
        using var program = _plan.Program.StartToOutput(_settings, _label);
        using var end = cancellationToken.Register(program.AskToEnd);
        try
        {
            _archives.CopyMain(program.Output, cancellationToken);
        }
        // It has ended before its tar did: why is for the program to say.
        catch (PgkeepException cut) when (cut.Kind == ErrorKind.BackupDamaged && !cancellationToken.IsCancellationRequested)
        {
            var (code, words) = await program.WaitAsync(cancellationToken);
            if (_members.Label is null && BaseBackupProgram.RefusesTablespaces(words))
            {
                _archives.Discard();
                return await RunToDirectoryAsync(cancellationToken);
            }

            throw code == 0 ? cut : BaseBackupProgram.Failed(code, words);
        }

        var (exitCode, errors) = await program.WaitAsync(cancellationToken);
        return exitCode == 0 ? null : BaseBackupProgram.Failed(exitCode, errors);
    }

    /// <summary>Null where there is no session to ask; then the program says it.</summary>
    private async Task<bool?> HasTablespacesAsync(CancellationToken cancellationToken) => _plan.Connection is null
        ? null
        : await _plan.Connection.ScalarAsync<bool>("SELECT count(*) > 0 FROM pg_catalog.pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')", cancellationToken);

    private async Task<PgkeepException?> RunToDirectoryAsync(CancellationToken cancellationToken)
    {
        await RequireSpaceAsync(cancellationToken);
        FileSystem.CreateDirectory(_directory, 0b111_000_000);
        _tell("Running pg_basebackup...");
        PgkeepException? failure;
        using (var program = _plan.Program.StartToDirectory(_settings, _label, _directory))
        {
            using var end = cancellationToken.Register(program.AskToEnd);
            var (exitCode, errors) = await program.WaitAsync(cancellationToken);
            failure = exitCode == 0 ? null : BaseBackupProgram.Failed(exitCode, errors);
        }

        // After any other failure than damage the program takes everything away again.
        var manifest = ManifestNames.Select(PathOf).FirstOrDefault(File.Exists) ?? throw failure
            ?? new PgkeepException(ErrorKind.ServerFailed, "pg_basebackup has written no backup_manifest");
        foreach (var tablespace in Tablespaces())
        {
            Store(PathOf($"{tablespace.Value}.tar"), tar => _archives.CopyTablespace(tablespace, tar, cancellationToken));
        }

        Store(PathOf("base.tar"), tar => _archives.CopyMain(tar, cancellationToken));
        Store(manifest, _members.TakeManifest);
        BackupRemoval.RemoveTree(_directory);
        return failure;
    }

    private string PathOf(string name) => Path.Combine(_directory, name);

    private List<Oid> Tablespaces() => [.. Directory.EnumerateFiles(_directory, "*.tar")
        .Select(path => Path.GetFileNameWithoutExtension(path))
        .Where(name => name != "base")
        .Select(name => uint.Parse(name, CultureInfo.InvariantCulture))
        .Order()
        .Select(number => new Oid(number))];

    /// <summary>What is written meanwhile reports its failures itself, so what the file classes throw is of this file.</summary>
    private static void Store(string path, Action<Stream> store)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            store(file);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }

        FileSystem.Delete(path);
    }

    private async Task RequireSpaceAsync(CancellationToken cancellationToken)
    {
        var available = VolumeSpace.Of(_settings.Layout.BackupDirectory).Available;
        if (await _plan.SizeAsync(cancellationToken) is not { } size)
        {
            _tell($"There are tablespaces, so the cluster is written to the repository's disk once uncompressed; its size is unknown, {SizeText.Short(available)} are free");
            return;
        }

        _tell($"There are tablespaces, so the cluster is written to the repository's disk once uncompressed: {SizeText.Short(size)}");
        if (size > available)
        {
            throw new PgkeepException(
                ErrorKind.StorageFull,
                $"the cluster has {SizeText.Short(size)}, and \"{_settings.Layout.BackupDirectory}\" has {SizeText.Short(available)} free",
                "with tablespaces pg_basebackup needs room for all of it uncompressed: free some, or use --source files or sql");
        }
    }
}
