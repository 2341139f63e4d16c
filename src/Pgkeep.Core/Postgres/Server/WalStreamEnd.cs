namespace Pgkeep.Postgres.Server;

internal enum WalStreamEndKind
{
    /// <summary>The server stopped, its timeline ended, or the connection broke: Npgsql tells them apart badly, and a new session shows which it was.</summary>
    Broken,

    /// <summary>The server does not have the WAL that was asked for any more.</summary>
    WalRemoved,

    SlotMissing,

    /// <summary>Another session has the slot; for a while that may be our own last one, which the server still believes in.</summary>
    SlotBusy,

    /// <summary>The server has given up keeping WAL for the slot.</summary>
    SlotLost,
}

/// <summary>Why a stream of WAL ended.</summary>
internal sealed record WalStreamEnd(WalStreamEndKind Kind, string Reason);
