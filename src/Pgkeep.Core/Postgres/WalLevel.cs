namespace Pgkeep.Postgres;

// PostgreSQL src/include/access/xlog.h, WalLevel: the same order
internal enum WalLevel
{
    Minimal,
    Replica,
    Logical,
}
