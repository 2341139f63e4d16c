using Pgkeep.Backup;

namespace Pgkeep.Output.Progress;

/// <param name="repository">Where the backup goes to.</param>
internal sealed class BackupProgressSource(BackupProgress progress, string repository) : IProgressSource
{
    public string? Outset => progress.Outset is { } outset
        ? $"{ProductVersion.Text}  backup of cluster {outset.Cluster} (PostgreSQL {outset.PostgresqlVersion}, {(outset.PlainBytes is { } bytes ? ByteSizeText.Of(bytes) : "size not known")}) into {repository}"
        : null;

    public ProgressStep? Step => progress.Archive is { } archive ? new ProgressStep("copying", archive, "archive", progress.CopiedBytes, progress.Outset?.PlainBytes) : null;
}
