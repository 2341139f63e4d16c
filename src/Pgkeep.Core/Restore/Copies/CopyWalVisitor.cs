using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;
using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Restore.Copies;

/// <summary>Keeps of the records that a copy will replay what it must know before it does.</summary>
internal sealed class CopyWalVisitor : IWalRecordVisitor
{
    private readonly Lsn _from;
    private readonly Lsn? _until;
    private readonly WalRecordBody _body = new();

    /// <param name="from">Records before it are not replayed.</param>
    /// <param name="until">Nor are those that begin there or behind it; null where all are.</param>
    public CopyWalVisitor(Lsn from, Lsn? until) => (_from, _until) = (from, until);

    /// <summary>The first that is not in place; null where there is none.</summary>
    public CreatedTablespace? Created { get; private set; }

    /// <summary>The highest that the server was started with meanwhile; zeros where it never was with others.</summary>
    public ServerLimits Limits { get; private set; }

    /// <summary>Where the last record that is replayed begins; null before the first.</summary>
    public Lsn? Last { get; private set; }

    /// <summary>A resource manager that an extension has, whose library must be loaded for the replay; null where there is none.</summary>
    public byte? CustomManager { get; private set; }

    public bool Visit(in WalRecord record)
    {
        if (record.Start >= _until)
        {
            return false;
        }

        if (record.Start < _from)
        {
            return true;
        }

        Last = record.Start;
        switch (record.Header.Manager)
        {
            case WalManagers.Tablespace:
                Created ??= CreatedTablespace.Read(record, _body) is { IsInPlace: false } created ? created : null;
                break;
            case WalManagers.Log when ParameterChange.TryRead(record, _body, out var limits):
                Limits = Limits.Or(limits);
                break;
            case >= WalManagers.FirstCustom and var manager:
                CustomManager ??= manager;
                break;
        }

        return true;
    }
}
