using Pgkeep.Postgres.Wal.Changes;

namespace Pgkeep.Postgres.Wal.Index;

/// <summary>Counts what records do to one relation.</summary>
/// <param name="place">As <see cref="WalRecordBlocks.NamedBlock"/>.</param>
internal sealed class RelationCounter(ulong place, uint fileNode)
{
    private readonly NumberSetBuilder?[] _forks = new NumberSetBuilder?[(int)RelationFork.Init + 1];
    private NumberSetBuilder? _main;
    private long _records;
    private long _changes;
    private long _inserts;
    private long _updates;
    private long _deletes;
    private long _moves;
    private long _inPlace;

    public ulong Place => place;

    public uint FileNode => fileNode;

    public RelationFileLocator Relation => new(new Oid((uint)place), new Oid((uint)(place >> 32)), new Oid(fileNode));

    public long Memory => 200 + _forks.Sum(fork => fork?.Memory ?? 0);

    /// <param name="isSameRecord">Another block of it was the last that was added.</param>
    public void AddBlock(RelationFork fork, uint block, bool isSameRecord)
    {
        _records += isSameRecord ? 0 : 1;
        var blocks = fork == RelationFork.Main ? _main ??= _forks[0] = new NumberSetBuilder(isDense: false) : _forks[(int)fork] ??= new NumberSetBuilder(isDense: false);
        blocks.Add(block);
    }

    /// <summary>Of a record whose blocks were added.</summary>
    /// <param name="main">Its main data, as far as they are held.</param>
    /// <returns>False where not enough of them is.</returns>
    public bool TryAddChange(HeapOperation operation, ReadOnlySpan<byte> main)
    {
        switch (operation)
        {
            case HeapOperation.Insert:
                _inserts++;
                break;
            case HeapOperation.Update or HeapOperation.HotUpdate:
                _updates++;
                break;
            case HeapOperation.InPlace:
                _inPlace++;
                break;
            default:
                return TryAddDecoded(operation, main);
        }

        _changes++;
        return true;
    }

    private bool TryAddDecoded(HeapOperation operation, ReadOnlySpan<byte> main)
    {
        if (!HeapChange.TryRead(operation, Relation, main, out var change))
        {
            return false;
        }

        _changes += change.TakesBackInsertion ? 0 : 1;
        _inserts += operation == HeapOperation.MultiInsert ? change.Rows : 0;
        _moves += change.MovesToPartition ? 1 : 0;
        _deletes += operation == HeapOperation.Delete && !change.MovesToPartition && !change.TakesBackInsertion ? 1 : 0;
        return true;
    }

    public RelationChanges ToChanges() => new()
    {
        Relation = Relation,
        Inserts = _inserts,
        Updates = _updates,
        Deletes = _deletes,
        Moves = _moves,
        InPlace = _inPlace,
        Others = _records - _changes,
        Forks = [.. _forks.Select((blocks, fork) => (blocks, fork)).Where(item => item.blocks is not null).Select(item => new ChangedFork((RelationFork)item.fork, item.blocks!.ToSet()))],
    };
}
