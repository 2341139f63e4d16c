namespace Pgkeep.Backup;

/// <summary>
/// How far a backup is, counted by the engine's workers and looked at by whoever shows it. The engine calls nobody, so nothing that watches a
/// backup can make it fail or wait.
/// </summary>
internal sealed class BackupProgress
{
    private volatile BackupOutset? _outset;
    private volatile string? _archive;
    private long _copied;

    /// <summary>Null until everything is checked and the copy can begin.</summary>
    public BackupOutset? Outset => _outset;

    /// <summary>The archive that is being written; null before the first and after the last.</summary>
    public string? Archive => _archive;

    /// <summary>Bytes of the files that were read so far.</summary>
    public long CopiedBytes => Interlocked.Read(ref _copied);

    public void Begin(BackupOutset outset) => _outset = outset;

    public void EnterArchive(string name) => _archive = name;

    public void LeaveArchives() => _archive = null;

    public void Add(long bytes) => Interlocked.Add(ref _copied, bytes);
}

/// <summary>What a backup says of itself before it copies.</summary>
/// <param name="Cluster">The server's <c>cluster_name</c>, or its data directory where it has none.</param>
/// <param name="PlainBytes">As the files were listed; they go on growing. Null where they are too many to be listed twice, or nobody tells.</param>
internal sealed record BackupOutset(string Cluster, string PostgresqlVersion, long? PlainBytes)
{
    public static BackupOutset Of(BackupPlan plan, CancellationToken cancellationToken) => new(
        plan.Server["cluster_name"] is { Length: > 0 } name ? name : plan.DataDirectory,
        plan.Server["server_version"].Split(' ')[0],
        DataDirectorySize.Of(plan, cancellationToken));
}
