using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Storage;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>The backups of a repository. Only complete ones carry a name that counts; what a crash left has a dot-name and is not seen here.</summary>
internal sealed class BackupCatalogue
{
    private readonly IStorage _storage;
    private readonly RepositoryLayout _layout;

    public BackupCatalogue(IStorage storage, RepositoryLayout layout)
    {
        _storage = storage;
        _layout = layout;
    }

    /// <summary>Oldest first, by the server's own times and positions.</summary>
    public async ValueTask<IReadOnlyList<StoredBackup>> ListAsync(CancellationToken cancellationToken)
    {
        var backups = new List<StoredBackup>();
        foreach (var folder in await _storage.ListFoldersAsync("", cancellationToken))
        {
            if (BackupName.TryParse(folder, out var name))
            {
                backups.Add(await OpenAsync(name, cancellationToken));
            }
        }

        return [.. backups.OrderBy(backup => backup.Metadata?.Stopped ?? DateTimeOffset.MinValue).ThenBy(backup => backup.Metadata?.StopLsn)];
    }

    /// <summary>The newest one that can be used; null where there is none.</summary>
    public async ValueTask<StoredBackup?> NewestAsync(CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).LastOrDefault(backup => backup.IsUsable);

    /// <summary>From what a person typed: a name, a path (links followed), or <c>latest</c>.</summary>
    public async ValueTask<StoredBackup> ResolveAsync(string argument, CancellationToken cancellationToken)
    {
        var path = argument is RepositoryLayout.LatestName or "" || BackupName.TryParse(argument, out _)
            ? Path.Combine(_layout.BackupDirectory, argument.Length == 0 ? RepositoryLayout.LatestName : argument)
            : Path.TrimEndingDirectorySeparator(Path.GetFullPath(argument));
        var resolved = FileSystem.Resolve(path);
        var status = FileStatus.Of(resolved);
        if (status is null)
        {
            throw FileStatus.Of(path)?.Type == FileType.SymbolicLink
                ? NotABackup($"\"{path}\" leads to \"{resolved}\", which is not there")
                : NotABackup($"there is no backup \"{path}\"");
        }

        if (Path.GetDirectoryName(resolved) != FileSystem.Resolve(_layout.BackupDirectory))
        {
            throw NotABackup(
                resolved == path
                    ? $"\"{path}\" is not in the repository \"{_layout.BackupDirectory}\""
                    : $"\"{path}\" leads to \"{resolved}\", outside the repository \"{_layout.BackupDirectory}\"");
        }

        if (status.Value.Type != FileType.Directory || !BackupName.TryParse(Path.GetFileName(resolved), out var name))
        {
            throw NotABackup($"\"{resolved}\" is not a backup");
        }

        return await OpenAsync(name, cancellationToken);
    }

    private static PgkeepException NotABackup(string message) => new(ErrorKind.BackupMissing, message, "pgkeep list shows the backups there are");

    private async ValueTask<StoredBackup> OpenAsync(BackupName name, CancellationToken cancellationToken)
    {
        var metadataName = $"{name}/{RepositoryLayout.MetadataName}";
        var path = Path.Combine(_layout.BackupDirectory, name.ToString());
        ChecksumList? list = null;
        try
        {
            if (await ReadAsync($"{name}/{RepositoryLayout.ChecksumsName}", cancellationToken) is not { } checksums)
            {
                return Unusable(name, path, $"\"{RepositoryLayout.ChecksumsName}\" is missing");
            }

            list = ChecksumList.Parse(checksums, _storage.Describe($"{name}/{RepositoryLayout.ChecksumsName}"));
            if (await ReadAsync(metadataName, cancellationToken) is not { } content)
            {
                return Unusable(name, path, $"\"{RepositoryLayout.MetadataName}\" is missing", list);
            }

            // Every decision is made by it, so it is compared before anything else is.
            return list.Files.Any(file => file.Name == RepositoryLayout.MetadataName && file.Digest != Sha256Digest.Of(content))
                ? Unusable(name, path, $"\"{_storage.Describe(metadataName)}\" is damaged", list)
                : new StoredBackup(name, path, BackupMetadata.FromJson(content, _storage.Describe(metadataName)), list, null);
        }
        catch (PgkeepException damaged) when (damaged.Kind is ErrorKind.RepositoryCorrupt)
        {
            return Unusable(name, path, damaged.Message, list);
        }
    }

    private static StoredBackup Unusable(BackupName name, string path, string problem, ChecksumList? checksums = null) =>
        new(name, path, null, checksums, problem) { Modified = FileStatus.Of(path)?.Modified };

    private async ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var stream = await _storage.OpenReadAsync(name, cancellationToken);
        if (stream is null)
        {
            return null;
        }

        await using (stream)
        {
            return await StoredContent.ReadAllAsync(stream, _storage.Describe(name), cancellationToken);
        }
    }
}
