using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Cluster;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Verify.Deep;

/// <summary>Checks an archive from its beginning to its end, without its index: in one thread, but for every archive that a tar can be.</summary>
internal sealed class SequentialArchiveCheck
{
    /// <summary>A multiple of every page size.</summary>
    private const int BufferLength = 1024 * 1024;

    private readonly DeepArchive _archive;
    private readonly RelationPages _pages;
    private readonly ManifestComparison _manifest;
    private readonly ProblemList _problems;
    private readonly byte[] _buffer = new byte[BufferLength];
    private byte[]? _control;

    public SequentialArchiveCheck(DeepArchive archive, RelationPages pages, ManifestComparison manifest, ProblemList problems)
    {
        _archive = archive;
        _pages = pages;
        _manifest = manifest;
        _problems = problems;
    }

    /// <exception cref="PgkeepException">The file cannot be read.</exception>
    public ArchiveOutcome Run(Codec codec, CancellationToken cancellationToken)
    {
        var isComplete = TarArchive.TryRead(_archive.Path, codec, (tar, entry) => CheckFile(tar, entry, cancellationToken), _problems, cancellationToken);
        return new ArchiveOutcome { IsComplete = isComplete, Control = _control };
    }

    private void CheckFile(TarReader tar, TarEntry entry, CancellationToken cancellationToken)
    {
        var name = _archive.Prefix + entry.Name;
        if (entry.Type == TarEntryType.Directory)
        {
            return;
        }

        _control = null;
        if (entry.Type != TarEntryType.File)
        {
            _problems.Add($"\"{_archive.Path}\" has a link {name}, and a backup has none");
            return;
        }

        var crc = default(Crc32CAccumulator);
        for (var offset = 0L; offset < entry.Size;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var content = _buffer.AsSpan(0, (int)Math.Min(BufferLength, entry.Size - offset));
            TarArchive.ReadExactly(tar, content);
            crc.Append(content);
            _pages.Check(name, content, offset, problem => _problems.Add($"\"{_archive.Path}\": {problem}"));
            if (offset == 0 && name == ControlFileReader.RelativePath)
            {
                _control = content.ToArray();
            }

            offset += content.Length;
        }

        _manifest.Add(_archive.Path, name, entry.Size, crc.Value);
    }
}
