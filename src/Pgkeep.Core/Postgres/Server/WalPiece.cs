namespace Pgkeep.Postgres.Server;

/// <param name="Start">Of its first byte.</param>
/// <param name="Content">Valid until the next read.</param>
internal readonly record struct WalPiece(Lsn Start, ReadOnlyMemory<byte> Content);
