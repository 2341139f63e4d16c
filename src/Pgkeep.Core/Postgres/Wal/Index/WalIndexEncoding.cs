using System.IO.Hashing;
using System.Text;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>An index as bytes; <c>docs/repository-format.md</c> is normative.</summary>
internal static class WalIndexEncoding
{
    public const int HeaderLength = 24;

    /// <summary>Changes with the format: an index of another version is none.</summary>
    public const byte Version = 1;

    public const byte HasHead = 1 << 0;
    public const byte IsHeadOverwritten = 1 << 1;
    public const byte IsInsideHead = 1 << 2;
    public const byte HasFirst = 1 << 3;
    public const byte HasLast = 1 << 4;
    public const byte HasOpen = 1 << 5;

    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ReadOnlySpan<byte> Magic => "pgkwidx"u8;

    public static byte[] Encode(WalSegmentIndex index)
    {
        var body = new IndexWriter();
        WriteIdentity(body, index);
        var start = index.Name.StartLsn(index.SegmentSize);
        WriteEnds(body, index.Ends, start);
        WriteTransactions(body, index, start);
        WriteList(body, index.RestorePoints, point =>
        {
            body.Counted(Encoding.UTF8.GetBytes(point.Name));
            WritePosition(body, point.At, start);
            WritePosition(body, point.End, start);
            body.Signed(Microseconds(point.Time));
        });
        WriteList(body, index.Checkpoints, checkpoint =>
        {
            body.Number((ulong)checkpoint.Kind);
            WritePosition(body, checkpoint.At, start);
            body.Number(checkpoint.Redo.Value);
            body.Number(checkpoint.Timeline.Value);
            body.Number(checkpoint.PreviousTimeline.Value);
        });
        WriteFiles(body, index, start);
        WriteDatabases(body, index, start);
        WriteList(body, index.CutRecords, position => WritePosition(body, position, start));
        WriteList(body, index.Relations, relation => WriteRelation(body, relation));

        var content = body.ToArray();
        var header = new IndexWriter();
        header.Bytes(Magic);
        header.Bytes([Version]);
        header.UInt128(XxHash128.HashToUInt128(content));
        return [.. header.ToArray(), .. content];
    }

    private static long Microseconds(DateTimeOffset time) => (time - Epoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static void WriteIdentity(IndexWriter body, WalSegmentIndex index)
    {
        body.Bytes(Encoding.ASCII.GetBytes(index.Name.ToString()));
        body.UInt64(index.Cluster.Value);
        body.UInt32(index.SegmentSize.Bytes);
        body.UInt32((uint)index.BlockSize);
        body.UInt128(index.Content);
        body.UInt32(index.Format.Magic);
        body.Number(index.FirstTimeline.Value);
        body.Number(index.File is null ? 0u : 1);
        if (index.File is { } file)
        {
            body.Number((ulong)file.Size);
            body.Signed(file.Modified.UtcTicks);
        }
    }

    private static void WriteEnds(IndexWriter body, WalSegmentEnds ends, Lsn start)
    {
        body.Number((ulong)((ends.Head is not null ? HasHead : 0)
            | (ends.IsHeadOverwritten ? IsHeadOverwritten : 0)
            | (ends.IsInsideHead ? IsInsideHead : 0)
            | (ends.First is not null ? HasFirst : 0)
            | (ends.Last is not null ? HasLast : 0)
            | (ends.Open is not null ? HasOpen : 0)));
        WritePosition(body, ends.End, start);
        if (ends.Head is { } head)
        {
            body.Number(head.Total);
            body.Number((ulong)head.Length);
            body.UInt32(head.Checksum);
            body.Counted(head.Held);
        }

        if (ends.First is { } first)
        {
            WritePosition(body, first.Start, start);
            body.Number(first.Previous.Value);
        }

        if (ends.Last is { } last)
        {
            WritePosition(body, last, start);
        }

        if (ends.Open is { } open)
        {
            WritePosition(body, open.Start, start);
            body.Number(open.TotalLength);
            body.Number((ulong)open.Length);
            body.UInt32(open.Checksum);
            body.Counted(open.Held);
        }
    }

    private static void WriteTransactions(IndexWriter body, WalSegmentIndex index, Lsn start)
    {
        body.Number((ulong)index.Records);
        body.Number((ulong)index.Commits);
        body.Number((ulong)index.Aborts);
        if (index is { FirstCommit: { } first, LastCommit: { } last, CommitTimes: { } times })
        {
            WriteMoment(body, first, start);
            WriteMoment(body, last, start);
            body.Signed(Microseconds(times.Earliest));
            body.Signed(Microseconds(times.Latest));
        }

        WriteSet(body, index.Committed);
        WriteSet(body, index.Aborted);
        WriteSet(body, index.Unfinished);
        WriteList(body, index.LateEndings, ending =>
        {
            WriteMoment(body, ending.Moment, start);
            WriteSet(body, ending.Subtransactions);
        });
    }

    private static void WriteFiles(IndexWriter body, WalSegmentIndex index, Lsn start)
    {
        WriteList(body, index.CreatedFiles, file =>
        {
            WriteLocator(body, file.Relation);
            body.Number((ulong)file.Fork);
            WriteRecord(body, file.Xid, file.At, start);
        });
        WriteList(body, index.UnlinkedFiles, file =>
        {
            WriteLocator(body, file.Relation);
            body.Number(file.IsCommit ? 1u : 0);
            WriteRecord(body, file.Xid, file.At, start);
        });
        WriteList(body, index.TruncatedFiles, file =>
        {
            WriteLocator(body, file.Relation);
            body.Number(file.Blocks);
            body.Number((uint)file.Forks);
            WriteRecord(body, file.Xid, file.At, start);
        });
        WriteList(body, index.TruncatedTables, table =>
        {
            body.Number(table.Database.Value);
            body.Number(table.Relation.Value);
            WriteRecord(body, table.Xid, table.At, start);
        });
    }

    private static void WriteDatabases(IndexWriter body, WalSegmentIndex index, Lsn start)
    {
        WriteList(body, index.Databases, change =>
        {
            body.Number((ulong)change.Operation);
            body.Number(change.Database.Value);
            WriteList(body, change.Tablespaces, tablespace => body.Number(tablespace));
            body.Number(change.SourceDatabase.Value);
            body.Number(change.SourceTablespace.Value);
            WriteRecord(body, change.Xid, change.At, start);
        });
        WriteList(body, index.RelationMaps, map =>
        {
            body.Number(map.Database.Value);
            body.Number(map.Tablespace.Value);
            WriteRecord(body, map.Xid, map.At, start);
        });
    }

    private static void WriteRelation(IndexWriter body, RelationChanges relation)
    {
        WriteLocator(body, relation.Relation);
        body.Number((ulong)relation.Inserts);
        body.Number((ulong)relation.Updates);
        body.Number((ulong)relation.Deletes);
        body.Number((ulong)relation.Moves);
        body.Number((ulong)relation.InPlace);
        body.Number((ulong)relation.Others);
        WriteList(body, relation.Forks, fork =>
        {
            body.Number((ulong)fork.Fork);
            WriteSet(body, fork.Blocks);
        });
    }

    private static void WriteMoment(IndexWriter body, WalMoment moment, Lsn start)
    {
        body.Number((ulong)moment.Kind);
        WriteRecord(body, moment.Xid, moment.Start, start);
        WritePosition(body, moment.End, start);
        body.Signed(Microseconds(moment.Time));
    }

    private static void WriteRecord(IndexWriter body, uint xid, Lsn at, Lsn start)
    {
        body.Number(xid);
        WritePosition(body, at, start);
    }

    private static void WritePosition(IndexWriter body, Lsn position, Lsn start) => body.Number(position.Value - start.Value);

    private static void WriteLocator(IndexWriter body, RelationFileLocator relation)
    {
        body.Number(relation.Tablespace.Value);
        body.Number(relation.Database.Value);
        body.Number(relation.FileNode.Value);
    }

    private static void WriteSet(IndexWriter body, NumberSet set)
    {
        body.Number((ulong)set.Count);
        body.Counted(set.Runs);
    }

    private static void WriteList<T>(IndexWriter body, IReadOnlyList<T> items, Action<T> write)
    {
        body.Number((ulong)items.Count);
        foreach (var item in items)
        {
            write(item);
        }
    }
}
