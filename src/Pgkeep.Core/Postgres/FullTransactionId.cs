namespace Pgkeep.Postgres;

/// <summary>
/// A transaction's number that is never used again: the 32 bits that records and rows have, and above them how often these have begun anew. As <c>pg_current_xact_id</c> tells it.
/// </summary>
// PostgreSQL src/include/access/transam.h, FullTransactionId
internal readonly record struct FullTransactionId(ulong Value)
{
    public uint Epoch => (uint)(Value >> 32);

    public uint Xid => (uint)Value;

    /// <summary>The number that a record's xid stands for near a checkpoint: two that are in use at a time are less than 2^31 apart.</summary>
    /// <param name="next">The checkpoint's <c>nextXid</c>.</param>
    public static FullTransactionId Near(FullTransactionId next, uint xid)
    {
        var distance = unchecked((int)(xid - next.Xid));
        return distance < 0 && (ulong)-(long)distance > next.Value ? new FullTransactionId(xid) : new FullTransactionId(unchecked(next.Value + (ulong)(long)distance));
    }

    public override string ToString() => $"{Value}";
}
