using System.Text;

namespace Pgkeep.Postgres.Wal.Changes;

/// <summary>
/// CREATE TABLESPACE. Its replay makes the tablespace's directory at the literal path, and the link to it, on whatever machine and beside whatever server it is replayed; the files of the
/// tablespace are written there from then on. The record stands there before its transaction commits, and is replayed where that aborts as well.
/// </summary>
/// <param name="At">Where the record begins.</param>
/// <param name="Location">Absolute; empty for a tablespace in place, which is a directory of the data directory.</param>
// PostgreSQL src/include/commands/tablespace.h, xl_tblspc_create_rec; src/backend/commands/tablespace.c, tblspc_redo; the same in 13 to 18
internal sealed record CreatedTablespace(Lsn At, Oid Oid, string Location)
{
    /// <summary>Of a record that cannot be read to its end: nobody knows where it would lead.</summary>
    private const string Unknown = "?";

    public bool IsInPlace => Location.Length == 0;

    /// <summary>Null for other records.</summary>
    /// <param name="body">To decode it with.</param>
    public static CreatedTablespace? Read(in WalRecord record, WalRecordBody body)
    {
        if (!record.IsOf(WalManagers.Tablespace, WalManagers.TablespaceCreate))
        {
            return null;
        }

        if (!body.TryDecode(record, out _))
        {
            return new CreatedTablespace(record.Start, default, Unknown);
        }

        var main = body.MainData(record);
        var path = main.Length > sizeof(uint) ? main[sizeof(uint)..] : [];
        var end = path.IndexOf((byte)0);
        return new CreatedTablespace(record.Start, new MainDataCursor(main).Oid(), end < 0 ? Unknown : Encoding.UTF8.GetString(path[..end]));
    }
}
