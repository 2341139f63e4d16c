using System.Buffers;
using System.Collections.Concurrent;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Verify.Wal;

/// <summary>
/// Reads an archive back: every file is decompressed and compared with its checksum, every page of every segment looked at, and each segment
/// compared with the one before it, on its timeline or on the one that its timeline comes from; so is every record of them. Memory does not depend on the size of a segment.
/// </summary>
internal sealed class WalVerification
{
    /// <summary>More lines say nothing new, and an archive that is lost as a whole must not fill the memory.</summary>
    private const int MaxProblems = 1000;

    private readonly WalArchive _archive;
    private readonly RepositoryIdentity _identity;
    private readonly ConcurrentDictionary<WalSegmentName, SegmentEnds> _ends = [];
    private readonly ConcurrentDictionary<WalSegmentName, SegmentRecords> _records = [];
    private readonly ConcurrentQueue<WalProblem> _problems = [];
    private long _plainBytes;
    private int _gone;

    private WalVerification(WalArchive archive, RepositoryIdentity identity)
    {
        _archive = archive;
        _identity = identity;
    }

    /// <summary>Never throws for damage: what is wrong is the answer.</summary>
    /// <param name="backups">Usable ones of the archive's cluster: a gap before the WAL of all of them is no problem.</param>
    /// <param name="jobs">Files at a time.</param>
    public static Task<WalVerificationResult> RunAsync(
        WalArchive archive, RepositoryIdentity identity, IReadOnlyList<BackupMetadata> backups, int jobs, CancellationToken cancellationToken) =>
        new WalVerification(archive, identity).RunAsync(backups, jobs, cancellationToken);

    private async Task<WalVerificationResult> RunAsync(IReadOnlyList<BackupMetadata> backups, int jobs, CancellationToken cancellationToken)
    {
        var inventory = await _archive.ListAsync(cancellationToken);
        var histories = await WalHistories.ReadAsync(_archive, inventory, cancellationToken);
        await Parallel.ForEachAsync(
            inventory.Files.Concat(inventory.Copies),
            new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken },
            async (stored, cancel) => await CheckFileAsync(stored, histories, cancel));

        var coverage = new WalCoverage(inventory, histories.ByTimeline, _identity.WalSegmentSize);
        CheckBorders(coverage);
        var chain = new RecordChain(_records, coverage, _identity.WalSegmentSize, name => _archive.Describe(name.ToString()));
        var (gaps, notes) = JudgeGaps(coverage, backups);
        var problems = _problems.Concat(chain.Problems).Concat(histories.Problems).Concat(gaps)
            .DistinctBy(problem => (problem.File, problem.Damage))
            .OrderBy(problem => problem.File, StringComparer.Ordinal)
            .ToList();
        return new WalVerificationResult(
            inventory.Files.Count() + inventory.Copies.Count - _gone,
            inventory.Files.Count(stored => stored.File.Kind == WalFileKind.Segment),
            inventory.Files.Concat(inventory.Copies).Sum(stored => stored.Stored.Size),
            _plainBytes,
            [.. problems.Take(MaxProblems)],
            problems.Count,
            [.. notes, .. Notes(inventory)],
            [.. chain.Timelines(backups)]);
    }

    private async ValueTask CheckFileAsync(StoredWalFile stored, WalHistories histories, CancellationToken cancellationToken)
    {
        var path = _archive.Describe(stored.Stored.Name);
        try
        {
            await using var file = await _archive.OpenStoredAsync(stored, cancellationToken);
            if (file is null)
            {
                Interlocked.Increment(ref _gone);
                return;
            }

            await using var content = StoredWalStream.Open(file, stored.Stored.Name, path);

            if (Misplaced(stored.File, content.Identity) is { } misplaced)
            {
                _problems.Enqueue(new WalProblem(path, misplaced.Damage, StartOf(stored.File), $"\"{path}\" {misplaced.Text}"));
                return;
            }

            var problem = CheckContent(stored.File, content, histories);
            Drain(content, cancellationToken);
            Interlocked.Add(ref _plainBytes, content.Position);
            if (problem is { } found)
            {
                _problems.Enqueue(new WalProblem(path, found.Damage, found.Position, $"\"{path}\" {found.Text}"));
            }
        }
        catch (PgkeepException damaged) when (damaged.Kind is ErrorKind.RepositoryCorrupt or ErrorKind.StorageFailed or ErrorKind.AccessDenied)
        {
            _problems.Enqueue(new WalProblem(path, WalDamage.Damaged, StartOf(stored.File), damaged.Message));
        }
    }

    private (WalDamage Damage, string Text)? Misplaced(WalFileName file, WalIdentity? identity) => identity switch
    {
        null => null,
        _ when identity.Name != file.Name => (WalDamage.WrongFile, $"was stored as \"{identity.Name}\""),
        _ when identity.SystemIdentifier != _identity.SystemIdentifier =>
            (WalDamage.OtherCluster, $"is of the cluster {identity.SystemIdentifier}, and the archive of {_identity.SystemIdentifier}"),
        _ => null,
    };

    private (WalDamage Damage, Lsn? Position, string Text)? CheckContent(WalFileName file, Stream content, WalHistories histories)
    {
        var piece = ArrayPool<byte>.Shared.Rent(SegmentReading.PieceLength);
        try
        {
            if (file is { Kind: WalFileKind.Segment or WalFileKind.Partial, Segment: { } name })
            {
                var reading = new SegmentReading(name, _identity, histories.ByTimeline.GetValueOrDefault(name.Timeline));
                var part = piece.AsSpan(0, SegmentReading.PieceLength);
                var problem = file.Kind == WalFileKind.Partial ? reading.CheckPartial(content, part, LeftIn(name, histories)) : reading.Check(content, part);
                if (reading.Ends is { } ends)
                {
                    _ends[name] = ends;
                }

                if (reading.Records is { } records)
                {
                    _records[name] = records;
                }

                return problem.Length > 0 ? (reading.Damage, reading.Position, problem)
                    : reading.UnfinishedAt is { } end && LeftIn(name, histories) is null
                        ? (WalDamage.Unfinished, end, $"ends at {end} without a switch of WAL: it was stored before its server had finished it")
                    : null;
            }

            return file.Kind == WalFileKind.BackupHistory ? CheckBackupHistory(file, content, piece) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Where a timeline was left first within a segment of it, which then never was finished, and is whole on the timeline that left; null where it was not.</summary>
    private Lsn? LeftIn(WalSegmentName name, WalHistories histories)
    {
        var start = name.StartLsn(_identity.WalSegmentSize);
        return histories.ByTimeline.Values.Select(history => history.EndOf(name.Timeline)).Where(end => end >= start && end < start + _identity.WalSegmentSize.Bytes).Min();
    }

    /// <summary>Its first line names the segment that stands in its own name (src/backend/access/transam/xlogbackup.c, build_backup_content).</summary>
    private static (WalDamage Damage, Lsn? Position, string Text)? CheckBackupHistory(WalFileName file, Stream content, byte[] piece)
    {
        var start = piece.AsSpan(0, content.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false));
        return start.StartsWith("START WAL LOCATION: "u8) && start.IndexOf(System.Text.Encoding.ASCII.GetBytes($" (file {file.Segment})\n")) >= 0
            ? null
            : (WalDamage.WrongFile, null, $"is not the history of a backup that begins in {file.Segment}");
    }

    /// <summary>To its end, where the checksum is compared.</summary>
    private static void Drain(StoredWalStream content, CancellationToken cancellationToken)
    {
        Span<byte> rest = stackalloc byte[8192];
        while (content.Read(rest) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void CheckBorders(WalCoverage coverage)
    {
        foreach (var (name, ends) in _ends)
        {
            var number = name.Number(_identity.WalSegmentSize);
            if (number > 0
                && _ends.TryGetValue(coverage.Needed(coverage.HistoryOf(name.Timeline), number - 1), out var before)
                && before.Compare(ends) is { Length: > 0 } problem)
            {
                var path = _archive.Describe(name.ToString());
                _problems.Enqueue(new WalProblem(path, WalDamage.Continuity, ends.First.PageAddress, $"\"{path}\" {problem}"));
            }
        }
    }

    private (IReadOnlyList<WalProblem> Problems, IReadOnlyList<string> Notes) JudgeGaps(WalCoverage coverage, IReadOnlyList<BackupMetadata> backups)
    {
        var size = _identity.WalSegmentSize;
        var oldest = backups.Count == 0 ? (ulong?)null : backups.Min(backup => backup.StartWal.Number(size));
        var gaps = coverage.Gaps().ToLookup(gap => gap.LiesBefore(oldest, size));
        var lost = backups.SelectMany(backup => coverage.LostOf(backup).Select(segment => (Backup: backup, Segment: segment)))
            .Where(found => !gaps[false].Any(gap => gap.Contains(found.Segment)));
        return (
            [
                .. lost.Select(found =>
                {
                    var path = _archive.Describe(found.Segment.ToString());
                    return new WalProblem(path, WalDamage.Missing, found.Segment.StartLsn(size), $"\"{path}\" is missing: no restore of {found.Backup.Name} leads across");
                }),
                .. gaps[false].Select(gap =>
                {
                    var path = _archive.Describe(gap.First.ToString());
                    return new WalProblem(path, WalDamage.Missing, gap.First.StartLsn(size), $"\"{path}\"{(gap.Count == 1 ? " is" : $" and all up to {gap.Last}, {gap.Count} segments, are")} missing: no restore leads across");
                }),
            ],
            [.. gaps[true].Select(gap => $"{gap} missing, before the WAL of every backup")]);
    }

    private IEnumerable<string> Notes(WalInventory inventory)
    {
        if (inventory.ForeignFiles > 0)
        {
            yield return $"{inventory.ForeignFiles} files in the archive are no WAL, and were not read";
        }

        foreach (var copy in inventory.Copies.Take(MaxProblems))
        {
            yield return $"{copy.Stored.Name} is another copy of {inventory.Find(copy.File.Name)!.Stored.Name}";
        }

        if (_gone > 0)
        {
            yield return $"{_gone} files were removed while this ran";
        }
    }

    private Lsn? StartOf(WalFileName file) => file.Segment is { } segment && segment.IsValidFor(_identity.WalSegmentSize) ? segment.StartLsn(_identity.WalSegmentSize) : null;
}
