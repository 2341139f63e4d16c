namespace Pgkeep.Postgres;

// PostgreSQL src/include/common/relpath.h, ForkNumber: the same order
internal enum RelationFork
{
    Main,

    /// <summary>The free space map, which WAL does not cover completely.</summary>
    FreeSpaceMap,

    VisibilityMap,

    /// <summary>What an unlogged relation is reset to after a crash; its other forks are not worth backing up.</summary>
    Init,
}
