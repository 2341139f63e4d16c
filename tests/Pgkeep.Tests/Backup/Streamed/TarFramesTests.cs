using System.Text;
using Pgkeep.Backup;
using Pgkeep.Backup.Frames;
using Pgkeep.Backup.Streamed;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Backup.Streamed;

public sealed class TarFramesTests : IDisposable
{
    private static readonly DateTimeOffset Modified = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private readonly TemporaryDirectory _target = new();
    private readonly PendingTar _walFile;
    private readonly StreamedWal _wal;
    private readonly StreamedMembers _members;

    public TarFramesTests()
    {
        _walFile = new PendingTar(new PendingFile(Path.Combine(_target.Path, "pg_wal.tar.gz"), _ => { }), Compression.Gzip(1));
        _wal = new StreamedWal(_walFile, new SystemIdentifier(1), WalSegmentSize.Default, _target.PathOf(".held"), TimeProvider.System);
        _ = PostgresVersion.TryGet(18, out var version);
        _members = new StreamedMembers(_wal, version!);
    }

    public void Dispose()
    {
        _members.Dispose();
        _wal.Dispose();
        _walFile.Dispose();
        _target.Dispose();
    }

    [Fact]
    public void Every_file_comes_out_whole_and_large_ones_in_pieces_of_their_own()
    {
        int[] lengths = [0, 1, 511, 512, 262_144, 262_145, 1_048_576, 1_048_577, 3_000_000, .. Enumerable.Range(0, 200).Select(i => i * 91)];
        var files = lengths.Select((length, number) => ($"base/1/{number}", Content(length))).ToList();

        var found = ReadAll(Tar(files), "");

        Assert.Equal(files.Select(file => file.Item1), found.Keys);
        Assert.All(files, file => Assert.Equal(file.Item2, found[file.Item1]));
    }

    [Fact]
    public void A_tablespaces_files_get_the_name_that_the_manifest_has()
    {
        using var frames = FramesOf(Tar([("PG_18_202506291/5/1", Content(9))]), "pg_tblspc/16384/");

        var job = Assert.IsType<HeldFilesJob>(frames.Take());

        var item = Assert.Single(job.Items);
        Assert.Equal(("pg_tblspc/16384/PG_18_202506291/5/1", "PG_18_202506291/5/1"), (item.Name, frames.TarNameOf(item)));
    }

    [Fact]
    public void What_stands_elsewhere_in_our_archive_is_held_back()
    {
        const string label = "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000080\nBACKUP METHOD: streamed\n"
            + "BACKUP FROM: primary\nSTART TIME: 2026-11-22 19:43:03 UTC\nLABEL: x\nSTART TIMELINE: 1\n";

        var found = ReadAll(
            Tar([("backup_label", Encoding.UTF8.GetBytes(label)), ("tablespace_map", []), ("base/1/2", Content(3)), ("./pg_wal/archive_status/000000010000000000000002.done", []), ("global/pg_control", Content(8192))]),
            "");

        Assert.Equal(["base/1/2"], found.Keys);
        Assert.Equal(new Lsn(0x2000028), _members.ParsedLabel?.StartLsn);
        Assert.Equal(8192, _members.Control?.Content.Length);
    }

    [Fact]
    public void A_segment_that_is_none_is_refused()
    {
        const string label = "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000080\nBACKUP METHOD: streamed\n"
            + "BACKUP FROM: primary\nSTART TIME: 2026-11-22 19:43:03 UTC\nLABEL: x\nSTART TIMELINE: 1\n";

        var refused = Assert.Throws<PgkeepException>(() =>
            ReadAll(Tar([("backup_label", Encoding.UTF8.GetBytes(label)), ("pg_wal/000000010000000000000002", Content(1000))]), ""));

        Assert.Equal(ErrorKind.WalInvalid, refused.Kind);
    }

    [Fact]
    public void A_stream_that_is_cut_anywhere_is_a_failure()
    {
        var whole = Tar([("base/1/1", Content(700_000)), ("base/1/2", Content(100))]);
        int[] cuts = [0, 1, 511, 512, 513, 400_000, 700_000, 701_440, 701_500, whole.Length - 1024];

        Assert.All(cuts, cut => Assert.Throws<PgkeepException>(() => ReadAll(whole[..cut], "")));
    }

    [Fact]
    public void A_link_outside_the_tablespaces_is_refused()
    {
        using var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        writer.Begin(new TarEntry("base", TarEntryType.SymbolicLink, 0, 0b111_111_111, Modified, "/elsewhere"));
        writer.Complete();

        Assert.Throws<PgkeepException>(() => ReadAll(stream.ToArray(), ""));
    }

    private TarFrames FramesOf(byte[] tar, string prefix) => new(new TarReader(new MemoryStream(tar), "the tar"), prefix, _members);

    private Dictionary<string, byte[]> ReadAll(byte[] tar, string prefix)
    {
        var found = new Dictionary<string, byte[]>();
        using var frames = FramesOf(tar, prefix);
        var number = 0L;
        while (frames.Take() is { } job)
        {
            Assert.Equal(number++, job.Number);
            if (job is PieceJob piece)
            {
                found[piece.File.Item.Name] = [.. found.GetValueOrDefault(piece.File.Item.Name, []), .. Read(piece.File, piece.Offset, piece.Length)];
                continue;
            }

            foreach (var file in frames.Open((SmallFilesJob)job))
            {
                found.Add(file!.Item.Name, Read(file, 0, (int)file.Size));
            }
        }

        return found;
    }

    private static byte[] Read(OpenFile file, long offset, int length)
    {
        var content = new byte[length];
        file.Read(content, offset);
        file.EndPiece(length);
        return content;
    }

    private static byte[] Tar(IEnumerable<(string Name, byte[] Content)> files)
    {
        using var stream = new MemoryStream();
        var writer = new TarWriter(stream);
        foreach (var (name, content) in files)
        {
            writer.WriteFile(new TarEntry(name, TarEntryType.File, content.Length, 0b110_000_000, Modified), content);
        }

        writer.Complete();
        return stream.ToArray();
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
