using Pgkeep.Backup.Frames;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Repository;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Backup.Streamed;

/// <summary>The archives of one backup, made of the tars that PostgreSQL sends; the main one has its last members in our order.</summary>
internal sealed class StreamedArchives : IDisposable
{
    private readonly PendingBackup _pending;
    private readonly BackupManifestWriter _manifest;
    private readonly BackupSettings _settings;
    private readonly BackupProgress? _progress;
    private readonly ReadRate? _rate;
    private readonly PageCheck _pages;
    private readonly StreamedMembers _members;
    private readonly ArchiveNames _names;
    private readonly List<FrameSink> _sinks = [];
    private ParallelArchive? _main;

    public StreamedArchives(StreamPlan plan, PendingBackup pending, BackupManifestWriter manifest, StreamedMembers members, BackupSettings settings, BackupProgress? progress, TimeProvider time)
    {
        _pending = pending;
        _manifest = manifest;
        _members = members;
        _settings = settings;
        _names = new ArchiveNames(settings.Compression.Codec);
        _progress = progress;
        _rate = settings.MaxRate is { } rate ? new ReadRate(rate, time) : null;
        _pages = new PageCheck(plan.Pages.HasChecksums, plan.Pages.BlockSize, plan.Pages.SegmentBlocks);
    }

    public long Files => _sinks.Sum(sink => sink.Files);

    public long PlainBytes => _sinks.Sum(sink => sink.FileBytes);

    public long CheckedPages => _pages.CheckedPages;

    public IEnumerable<SuspectPage> Suspects => _sinks.SelectMany(sink => sink.Suspects);

    public long SuspectsLeftOut => _sinks.Sum(sink => sink.SuspectsLeftOut);

    public void CopyTablespace(Oid tablespace, Stream tar, CancellationToken cancellationToken)
    {
        var name = _names.OfTablespace(tablespace);
        using var archive = Create(name);
        Copy(archive, tar, name, $"{TablespaceLinks.FolderName}/{tablespace.Value}/", cancellationToken);
        archive.Complete();
    }

    /// <summary>Everything but the last members; <see cref="Finish"/> writes those.</summary>
    public void CopyMain(Stream tar, CancellationToken cancellationToken)
    {
        _main = Create(_names.Main);
        Copy(_main, tar, _names.Main, "", cancellationToken);
        _progress?.LeaveArchives();
    }

    /// <summary>Takes back a main archive that nothing has come for.</summary>
    public void Discard()
    {
        _main?.Dispose();
        _main = null;
        _sinks.Clear();
        foreach (var name in new[] { _names.Main, ArchiveNames.IndexOf(_names.Main) })
        {
            FileSystem.Delete(Path.Combine(_pending.Directory, name));
        }
    }

    public void Finish(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Append(StreamedMembers.LabelName, _members.Label);
        if (_members.Map is { Content.Length: > 0 })
        {
            Append(StreamedMembers.MapName, _members.Map);
        }

        Append(ControlFileReader.RelativePath, _members.Control);
        _main!.Complete(); // CopyMain came before
    }

    public void Dispose() => _main?.Dispose();

    private void Append(string name, HeldMember? member)
    {
        if (member is null)
        {
            throw new PgkeepException(ErrorKind.ServerUnsuitable, $"the server did not send \"{name}\"");
        }

        _main!.AddContent(name, member.Content, member.Status, member.Status.Modified);
    }

    private void Copy(ParallelArchive archive, Stream tar, string name, string prefix, CancellationToken cancellationToken)
    {
        using var frames = new TarFrames(new TarReader(tar, $"pg_basebackup's {name}"), prefix, _members);
        archive.CopyAll(frames, cancellationToken);
        Drain(tar);
    }

    /// <summary>Behind the end of a tar are zeros, how many depends on the version; whoever writes them must not find the pipe closed.</summary>
    private static void Drain(Stream tar)
    {
        var buffer = new byte[64 * 1024];
        while (tar.Read(buffer) > 0)
        {
        }
    }

    private ParallelArchive Create(string name)
    {
        _progress?.EnterArchive(name);
        var sink = new FrameSink(_pending.CreateFile(name), _pending.CreateFile(ArchiveNames.IndexOf(name)), _manifest, _names.Codec);
        _sinks.Add(sink);
        return new ParallelArchive(sink, _pages, _settings.Jobs, _settings.Compression) { Progress = _progress, Rate = _rate };
    }
}
