using Pgkeep.IntegrationTests.Harness;

namespace Pgkeep.IntegrationTests.Restore;

/// <summary>A cluster whose parts lie on file systems of their own, or behind links; it can be brought back to how it was again and again.</summary>
internal sealed class PlacesSite : IAsyncDisposable
{
    private const int VolumeInMiB = 600;

    /// <summary>Everything below the places but what restores have left, and but the times of directories, whose entries may have moved away and back.</summary>
    private const string FingerprintScript =
        """
        cd "$1" && find data tablespace-elsewhere wal-disk -mindepth 1 \( -name lost+found -o -name '*.undone-*' -o -name '*.before-*' -o -name '.*.forgotten' -o -name '.pgkeep-*' -o -name '..pgkeep-*' \) -prune \
            -o -type f -printf '%p %m %U %s %T@\n' -o -type l -printf '%p %l\n' -o -type d -printf '%p %m %U\n' | sort
        find data tablespace-elsewhere wal-disk -mindepth 1 \( -name lost+found -o -name '*.undone-*' -o -name '*.before-*' -o -name '.*.forgotten' -o -name '.pgkeep-*' -o -name '..pgkeep-*' \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
        """;

    private const string ResetScript =
        """
        clear() {
            local entry
            for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
                case $entry in
                */lost+found) ;;
                *) if [ ! -L "$entry" ] && mountpoint -q "$entry"; then clear "$entry"; else rm -rf "$entry"; fi ;;
                esac
            done
        }
        cd "$1" && rm -rf data.before-* data.undone-* .data.* repository && cp -a repository.was repository || exit 1
        for place in data tablespace-elsewhere wal-disk; do clear "$place"; cp -a "$place.was/." "$place" || exit 1; done
        """;

    private readonly List<MemoryVolume> _volumes = [];
    private readonly List<string> _mounted = [];

    private PlacesSite(RestoreSite site) => Site = site;

    public RestoreSite Site { get; }

    public string Data => Site.DataDirectory;

    /// <summary>The mount points.</summary>
    public IReadOnlyList<string> Mounted => _mounted;

    public string WalDisk => Site.Workspace.PathOf("wal-disk");

    private string TablespaceLocation => Site.Workspace.PathOf("tablespace-elsewhere");

    public static async Task<PlacesSite> StartAsync(Workspace workspace, int major, PlacesLayout layout)
    {
        var places = new PlacesSite(await RestoreSite.StartAsync(workspace, major));
        await places.ArrangeAsync(layout);
        return places;
    }

    /// <summary>Equal for two moments between which nothing of the cluster changed.</summary>
    public async Task<string> FingerprintAsync() => (await RunAsync(FingerprintScript)).Stdout;

    /// <summary>Keeps the stopped cluster and the repository as they are, for <see cref="ResetAsync"/>.</summary>
    public async Task SaveAsync() =>
        await RunAsync("""cd "$1" && for place in data tablespace-elsewhere wal-disk repository; do mkdir -m 0700 "$place.was"; cp -a "$place/." "$place.was" || [ "$place" = data ]; done; rm -rf data.was/lost+found""");

    public async Task ResetAsync() => await RunAsync(ResetScript);

    /// <summary>Takes all space but some kilobytes of the file system that a directory lies on.</summary>
    public async Task FillAsync(string directory) =>
        await RunAsync("""fallocate -l $(($(df --output=avail -B1 "$2" | tail -1) - 32768)) "$2/filler" """, directory);

    /// <summary>Below all places: what has one of these names.</summary>
    public IReadOnlyList<string> Find(string pattern) =>
    [
        .. new[] { Site.Workspace.Root }.Concat(_mounted).Append(TablespaceLocation).Append(WalDisk).Append(Data).Distinct().Where(Directory.Exists)
            .SelectMany(directory => Directory.EnumerateFileSystemEntries(directory, pattern)).Order(StringComparer.Ordinal),
    ];

    /// <summary>What restores have left anywhere, of every kind.</summary>
    public IReadOnlyList<string> Left => [.. new[] { "*.before-*", "*.undone-*", ".pgkeep-*", "..pgkeep-*", ".*.forgotten", ".data.*tmp" }.SelectMany(Find).Where(path => !path.EndsWith(".pg_control", StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        await Site.Cluster.DisposeAsync();
        foreach (var volume in _volumes.AsEnumerable().Reverse())
        {
            await volume.DisposeAsync();
        }
    }

    private async Task ArrangeAsync(PlacesLayout layout)
    {
        await Site.Cluster.StopAsync();
        await Site.Workspace.CreateDirectoryAsync("wal-disk");
        if (layout.HasFlag(PlacesLayout.MountedData))
        {
            await MountOverAsync(Data);
            Directory.CreateDirectory(Path.Combine(Data, "lost+found"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        if (layout.HasFlag(PlacesLayout.MountedTablespace))
        {
            await MountOverAsync(Directory.EnumerateDirectories(TablespaceLocation, "PG_*").Single());
        }

        var wal = Path.Combine(Data, "pg_wal");
        if (layout.HasFlag(PlacesLayout.LinkedWal))
        {
            await RunAsync("""cd "$1" && cp -a data/pg_wal wal-disk/pg_wal && rm -rf data/pg_wal && ln -s "$1/wal-disk/pg_wal" data/pg_wal""");
            wal = Path.Combine(WalDisk, "pg_wal");
        }

        if (layout.HasFlag(PlacesLayout.MountedWal))
        {
            await MountOverAsync(wal);
        }

        await Site.Cluster.StartAsync();
    }

    private async Task MountOverAsync(string directory)
    {
        await RunAsync("""mv "$2" "$2-was" && mkdir -m 0700 "$2" """, directory);
        _volumes.Add(await MemoryVolume.MountAsync(directory, VolumeInMiB));
        _mounted.Add(directory);
        await RunAsync("""cp -a "$2-was/." "$2" && rm -rf "$2-was" """, directory);
    }

    private async Task<ProgramResult> RunAsync(string script, string? argument = null) =>
        (await TestAccount.RunAsync("sh", ["-c", script, "sh", Site.Workspace.Root, argument ?? ""])).EnsureSuccess();
}
