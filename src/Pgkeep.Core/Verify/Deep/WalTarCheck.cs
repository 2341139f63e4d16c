using System.Text;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Verify.Deep;

/// <summary><c>pg_wal.tar.gz</c>: every segment from the backup's start to its stop is in it, whole and of this cluster.</summary>
internal sealed class WalTarCheck
{
    /// <summary>The largest page that WAL can have.</summary>
    private const int FirstPageLength = 64 * 1024;

    private const int MaxHistoryLength = 16 * 1024 * 1024;

    private readonly string _path;
    private readonly BackupMetadata _metadata;
    private readonly ProblemList _problems;
    private readonly HashSet<string> _found = [];
    private readonly byte[] _buffer = new byte[FirstPageLength];

    public WalTarCheck(string path, BackupMetadata metadata, ProblemList problems)
    {
        _path = path;
        _metadata = metadata;
        _problems = problems;
    }

    /// <exception cref="Diagnostics.PgkeepException">The file cannot be read.</exception>
    public void Run(Codec codec, CancellationToken cancellationToken)
    {
        if (!TarArchive.TryRead(_path, codec, Check, _problems, cancellationToken))
        {
            return;
        }

        var size = new WalSegmentSize(_metadata.Cluster.WalSegmentSize);
        for (var segment = _metadata.StartWal; segment.CompareTo(_metadata.StopWal) <= 0; segment = segment.Next(size))
        {
            Require(segment.ToString());
        }

        if (_metadata.Timeline.Value > 1)
        {
            Require(_metadata.Timeline.ToHex() + ".history");
        }
    }

    private void Require(string name)
    {
        if (!_found.Contains(name))
        {
            _problems.Add($"\"{_path}\" lacks {name}, which the backup needs");
        }
    }

    private void Check(TarReader tar, TarEntry entry)
    {
        if (entry.Type != TarEntryType.File || !WalFileName.TryParse(entry.Name, out var file))
        {
            return;
        }

        _found.Add(entry.Name);
        var problem = file.Kind switch
        {
            WalFileKind.Segment when WalSegmentName.TryParse(entry.Name, out var segment) => CheckSegment(tar, entry, segment),
            WalFileKind.History => CheckHistory(tar, entry, file),
            _ => null,
        };
        if (problem is not null)
        {
            _problems.Add($"\"{_path}\": {entry.Name} {problem}");
        }
    }

    private string? CheckSegment(TarReader tar, TarEntry entry, WalSegmentName segment)
    {
        var start = _buffer.AsSpan(0, (int)Math.Min(FirstPageLength, entry.Size));
        TarArchive.ReadExactly(tar, start);
        return !WalSegmentContent.TryCheck(start, entry.Size, segment, out var content, out var problem) ? problem
            : content.SystemIdentifier != _metadata.Cluster.SystemIdentifier ? $"is of the cluster {content.SystemIdentifier}"
            : null;
    }

    private static string? CheckHistory(TarReader tar, TarEntry entry, WalFileName file)
    {
        if (entry.Size > MaxHistoryLength)
        {
            return $"has {entry.Size} bytes, which no history has";
        }

        var content = new byte[entry.Size];
        TarArchive.ReadExactly(tar, content);
        return TimelineHistory.TryParse(file.Timeline, Encoding.UTF8.GetString(content), out _, out var problem) ? null : $"cannot be read: {problem}";
    }
}
