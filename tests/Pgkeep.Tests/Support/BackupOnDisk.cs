using System.Buffers.Binary;
using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Backup.Sources;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Pages;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Tests.Support;

/// <summary>A small backup as the program writes it, of files that no server had. What it is made of can be changed before it is made, and again after.</summary>
internal sealed class BackupOnDisk : IDisposable
{
    public const int BlockSize = 8192;

    private const uint UsualSegmentBlocks = 131_072;

    private static readonly DateTimeOffset Written = new(2025, 1, 8, 14, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _source = new();
    private readonly TemporaryDirectory _target = new();
    private readonly List<string> _names = [];
    private readonly List<string> _directories = [];

    public BackupOnDisk()
    {
        Metadata = SampleMetadata.Create() with
        {
            Tablespaces = [],
            Findings = [],
            Cluster = SampleMetadata.Create().Cluster with { SystemIdentifier = Control.SystemIdentifier, DataChecksums = true },
        };
        Add("PG_VERSION", "15\n"u8.ToArray());
        Add("base/1/16384", Pages(300, 0));
        Add("base/1/16384.1", Pages(2, UsualSegmentBlocks));
        Add("base/1/16384_fsm", Pages(3, 0));
        Add("base/1/empty", []);
        Add("base/1/" + new string('x', 120), new byte[1000]);
        Add("postgresql.auto.conf", "# nothing\n"u8.ToArray());
    }

    public BackupMetadata Metadata { get; set; }

    private Compression Compression => new(Metadata.Codec, Metadata.Codec.DefaultLevel);

    private static ControlFile Control => ControlFile.TryParse(Fixture.Bytes("control/15.pg_control"), out var control, out var problem) ? control : throw new ArgumentException(problem);

    public static byte[] Pages(int count, uint firstBlock)
    {
        var content = new byte[count * BlockSize];
        new Random((int)firstBlock).NextBytes(content);
        for (var i = 0; i < count; i++)
        {
            var page = content.AsSpan(i * BlockSize, BlockSize);
            BinaryPrimitives.WriteUInt16LittleEndian(page[14..], 1000);
            BinaryPrimitives.WriteUInt16LittleEndian(page[8..], PageChecksum.Compute(page, firstBlock + (uint)i));
        }

        return content;
    }

    public void Add(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_source.PathOf(name))!);
        File.WriteAllBytes(_source.PathOf(name), content);
        if (!_names.Contains(name))
        {
            _names.Add(name);
        }
    }

    public void Change(string name, Action<byte[]> change)
    {
        var content = File.ReadAllBytes(_source.PathOf(name));
        change(content);
        File.WriteAllBytes(_source.PathOf(name), content);
    }

    /// <summary>Of the files that were added, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Contents => _names.ToDictionary(name => name, name => File.ReadAllBytes(_source.PathOf(name)));

    /// <summary>With its parents; the group may read them.</summary>
    public void AddDirectory(string name)
    {
        if (Path.GetDirectoryName(name) is { Length: > 0 } parent)
        {
            AddDirectory(parent);
        }

        Directory.CreateDirectory(_source.PathOf(name), (UnixFileMode)0b111_101_000);
        File.SetUnixFileMode(_source.PathOf(name), (UnixFileMode)0b111_101_000);
        if (!_directories.Contains(name))
        {
            _directories.Add(name);
        }
    }

    /// <param name="name">Of a file that was added, or of a directory that holds one.</param>
    public void ChangeMode(string name, int mode) => File.SetUnixFileMode(_source.PathOf(name), (UnixFileMode)mode);

    public string PathOf(string name) => _target.PathOf(name);

    /// <summary>Archive, index and manifest from the files as they are; the rest beside them.</summary>
    public void Make(bool keepManifest = false, bool keepIndex = false, IReadOnlyList<string>? segments = null, bool endsWithControl = true)
    {
        var manifest = keepManifest ? File.ReadAllBytes(PathOf("backup_manifest")) : null;
        var index = keepIndex ? File.ReadAllBytes(PathOf("base.index.gz")) : null;
        foreach (var path in Directory.EnumerateFiles(_target.Path))
        {
            File.Delete(path);
        }

        WriteArchive(endsWithControl);
        WriteWal(segments ?? ["000000010000000000000002", "000000010000000000000003"]);
        if (manifest is not null)
        {
            File.WriteAllBytes(PathOf("backup_manifest"), manifest);
        }

        if (index is not null)
        {
            File.WriteAllBytes(PathOf("base.index.gz"), index);
        }

        File.WriteAllBytes(PathOf("backup_metadata.json"), Metadata.ToJson());
    }

    /// <summary>With checksums of the files as they are now, or as they were before a test damaged one.</summary>
    public StoredBackup Seal() => new(
        new BackupName(new DateTime(2025, 1, 8, 14, 30, 0, DateTimeKind.Unspecified)),
        _target.Path,
        Metadata,
        new ChecksumList([.. Directory.EnumerateFiles(_target.Path).Select(path => new FileChecksum(Path.GetFileName(path), Sha256Digest.Of(File.ReadAllBytes(path))))]),
        null);

    public void Dispose()
    {
        _source.Dispose();
        _target.Dispose();
    }

    private void WriteArchive(bool endsWithControl)
    {
        using var manifestFile = File.Create(PathOf("backup_manifest"));
        using var manifest = new BackupManifestWriter(manifestFile, 1, Control.SystemIdentifier);
        var sink = new FrameSink(new PendingFile(PathOf(Metadata.Archives.Main), _ => { }), new PendingFile(PathOf("base.index.gz"), _ => { }), manifest, Metadata.Codec);
        using (var archive = new ParallelArchive(sink, new PageCheck(Control), 2, Compression))
        {
            using var queue = new FrameQueue(new LocalFiles(_source.Path), Items(), 0);
            archive.CopyAll(queue, CancellationToken.None);
            var like = FileStatus.Of(_source.PathOf("PG_VERSION"))!.Value;
            archive.AddContent("backup_label", "a label\n"u8, like, Written);
            archive.AddContent("global/pg_control", Fixture.Bytes("control/15.pg_control"), like, Written);
            if (!endsWithControl)
            {
                archive.AddContent("late", "x"u8, like, Written);
            }

            archive.Complete();
        }

        manifest.Finish([]);
    }

    private IEnumerable<CopyItem> Items()
    {
        foreach (var name in (string[])["base", "base/1", "global", "pg_wal", .. _directories, .. _names])
        {
            Directory.CreateDirectory(_source.PathOf(name.Contains('/') ? Path.GetDirectoryName(name)! : name is "base" or "global" or "pg_wal" ? name : "."));
            yield return new CopyItem(name, FileStatus.Of(_source.PathOf(name))!.Value);
        }
    }

    private void WriteWal(IReadOnlyList<string> segments)
    {
        using var tar = new PendingTar(new PendingFile(PathOf(Metadata.Archives.Wal), _ => { }), Compression);
        foreach (var name in segments)
        {
            var content = Segment(SampleMetadata.Segment(name));
            tar.WriteFile(new TarEntry(name, TarEntryType.File, content.Length, 0b110_000_000, Written), content);
        }

        tar.Complete();
    }

    /// <summary>XLogLongPageHeaderData of major 15, and nothing behind it.</summary>
    private byte[] Segment(WalSegmentName name)
    {
        var content = new byte[WalSegmentSize.Default.Bytes];
        BinaryPrimitives.WriteUInt16LittleEndian(content, 0xD110);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(2), 2);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(8), name.StartLsn(WalSegmentSize.Default).Value);
        BinaryPrimitives.WriteUInt64LittleEndian(content.AsSpan(24), Metadata.Cluster.SystemIdentifier.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(32), WalSegmentSize.Default.Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(36), BlockSize);
        return content;
    }
}
