using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// The contents of <c>global/pg_control</c>, as far as backup and restore need them. The server overwrites the file in place, so a
/// reader may see half of a write: a wrong CRC says "read it again" before it says "damaged".
/// </summary>
internal sealed record ControlFile
{
    /// <summary>
    /// What a reader must supply. The file has 8192 bytes, but PostgreSQL keeps what counts within one disk sector
    /// (PG_CONTROL_MAX_SAFE_SIZE), and the rest is zeros.
    /// </summary>
    public const int MinimumLength = 512;

    public required SystemIdentifier SystemIdentifier { get; init; }

    public required uint ControlFileVersion { get; init; }

    public required uint CatalogVersion { get; init; }

    public required ClusterState State { get; init; }

    /// <summary>Where the record of the latest checkpoint (on a standby: restartpoint) lies.</summary>
    public required Lsn CheckPoint { get; init; }

    /// <summary>Where replay has to begin.</summary>
    public required Lsn CheckPointRedo { get; init; }

    public required TimelineId CheckPointTimeline { get; init; }

    public required DateTimeOffset CheckPointTime { get; init; }

    /// <summary>Before replay has reached this, the cluster is not consistent; 0/0 outside of archive recovery.</summary>
    public required Lsn MinRecoveryPoint { get; init; }

    /// <summary>0 where <see cref="MinRecoveryPoint"/> is.</summary>
    public required TimelineId MinRecoveryPointTimeline { get; init; }

    /// <summary>While a base backup is being recovered, where it began; otherwise 0/0.</summary>
    public required Lsn BackupStartPoint { get; init; }

    /// <summary>The same, where a backup taken from a standby ends.</summary>
    public required Lsn BackupEndPoint { get; init; }

    /// <summary>Whether replay has yet to meet the record that ends the base backup.</summary>
    public required bool BackupEndRequired { get; init; }

    public required WalLevel WalLevel { get; init; }

    /// <summary>This and the four below: a server in hot standby must not have less, or its recovery stops.</summary>
    public required int MaxConnections { get; init; }

    public required int MaxWorkerProcesses { get; init; }

    public required int MaxWalSenders { get; init; }

    public required int MaxPreparedTransactions { get; init; }

    public required int MaxLocksPerTransaction { get; init; }

    public required uint BlockSize { get; init; }

    /// <summary>The blocks in one file of a large relation, the last one excepted.</summary>
    public required uint RelationSegmentBlocks { get; init; }

    public required uint WalBlockSize { get; init; }

    public required WalSegmentSize WalSegmentSize { get; init; }

    /// <summary>0 where data pages carry no checksums.</summary>
    public required uint DataChecksumVersion { get; init; }

    public bool HasDataChecksums => DataChecksumVersion != 0;

    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ControlFile? value, out string problem)
    {
        value = null;
        if (!ControlFileLayout.TryFind(bytes, out var checksumOffset, out problem))
        {
            return false;
        }

        if (Crc32C.Compute(bytes[..checksumOffset]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[checksumOffset..]))
        {
            problem = "the CRC of pg_control is wrong";
            return false;
        }

        problem = ControlFileLayout.FindImpossibleValue(bytes) ?? "";
        if (problem.Length > 0)
        {
            return false;
        }

        value = ControlFileLayout.Read(bytes);
        return true;
    }
}
