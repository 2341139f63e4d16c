using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Tests.Support;

/// <summary>A repository whose segments are whole in every way but their content.</summary>
internal sealed class StoredSegments
{
    private static readonly SystemIdentifier Cluster = new(7);

    private readonly string _path;

    private StoredSegments(string path)
    {
        _path = path;
        var storage = new LocalStorage(path);
        Stores = new ArchiveStores(new WalArchive(storage, RepositoryLayout.WalFolderName), [storage]);
    }

    public ArchiveStores Stores { get; }

    public WalArchive Wal => Stores.Archive;

    public static async Task<StoredSegments> CreateAsync(string path, IEnumerable<WalSegmentName> segments)
    {
        Directory.CreateDirectory(Path.Combine(path, RepositoryLayout.WalFolderName));
        var archive = new StoredSegments(path);
        await RepositoryMarker.EnsureAsync(archive.Stores.Marked[0], new RepositoryIdentity(Cluster, 15, new WalSegmentSize(1024 * 1024)), new ManualTime(), CancellationToken.None);
        foreach (var segment in segments)
        {
            archive.Store(segment);
        }

        return archive;
    }

    public static byte[] ContentOf(WalSegmentName segment) => [.. Enumerable.Range(0, 1024 * 1024).Select(i => (byte)(i % 100 * segment.Segment))];

    public string PathOf(WalSegmentName segment) => Path.Combine(_path, RepositoryLayout.WalFolderName, segment + ".gz");

    private void Store(WalSegmentName segment)
    {
        var content = ContentOf(segment);
        var identity = new WalIdentity(Cluster, content.Length, QuickDigest.Of(content), DateTimeOffset.UnixEpoch.AddSeconds(1), segment.ToString());
        using var file = File.Create(PathOf(segment));
        using var gzip = FrameStream.Gzip(file, 1, identity.ToBytes());
        gzip.Write(content);
        gzip.Complete();
    }
}
