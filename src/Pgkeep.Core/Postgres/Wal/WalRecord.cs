using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres.Wal;

/// <summary>A record that is sound: its checksum fits, and it goes on where the one before it ends. Valid until the visit ends.</summary>
internal readonly ref struct WalRecord
{
    /// <summary>What an initializer does too, but by way of a second copy: there may be ten million records in a second.</summary>
    [SetsRequiredMembers]
    public WalRecord(WalFormat format, in WalRecordHeader header, Lsn start, Lsn end, ReadOnlySpan<byte> bytes)
    {
        Format = format;
        Header = header;
        Start = start;
        End = end;
        Bytes = bytes;
    }

    public required WalFormat Format { get; init; }

    public required WalRecordHeader Header { get; init; }

    /// <summary>Where it begins: the LSN that recovery_target_lsn and pg_waldump mean.</summary>
    public required Lsn Start { get; init; }

    /// <summary>Behind its last byte, rounded up to where another record could begin.</summary>
    public required Lsn End { get; init; }

    /// <summary>
    /// From the header on: all of it, or, of a record that is longer than the reader holds, its beginning. Without the headers of the pages that it lies on.
    /// </summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    public bool IsWhole => Bytes.Length == Header.TotalLength;

    public bool IsOf(byte manager, byte operation) => Header.Manager == manager && Header.Operation == operation;
}

/// <summary>Who is handed the records.</summary>
internal interface IWalRecordVisitor
{
    /// <returns>False where the reader shall stop behind this record.</returns>
    bool Visit(in WalRecord record);
}
