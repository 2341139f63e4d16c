using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>What is wrong with one file of the archive, or with what should be there.</summary>
/// <param name="File">Its path.</param>
/// <param name="Position">Where in the WAL; null where it is not known or means nothing.</param>
/// <param name="Text">The whole sentence, the file included.</param>
internal sealed record WalProblem(string File, WalDamage Damage, Lsn? Position, string Text);

internal enum WalDamage
{
    /// <summary>Not there, though files before and behind it are.</summary>
    Missing,

    /// <summary>Cannot be read or decompressed, or does not have the checksum it was stored with.</summary>
    Damaged,

    /// <summary>Another file than its name says.</summary>
    WrongFile,

    /// <summary>Of another cluster.</summary>
    OtherCluster,

    /// <summary>A page that is not the one that should be there.</summary>
    Page,

    /// <summary>Sound by itself, and does not go on where the segment before it ends.</summary>
    Continuity,

    /// <summary>Ends before its own end without a switch: it was stored before its server had finished it.</summary>
    Unfinished,

    /// <summary>A record that cannot be one, whose checksum does not fit, or that is missing before the end of the WAL.</summary>
    Record,

    /// <summary>A record that does not name the one before it as that.</summary>
    Chain,

    /// <summary>Of a timeline that its history does not have there, or a history that contradicts another.</summary>
    Timeline,
}
