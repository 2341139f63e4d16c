using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Archive.Receive;

internal sealed record ReceiveSettings
{
    public required RepositoryLayout Layout { get; init; }

    /// <summary>Its application name is the one that <c>synchronous_standby_names</c> can list.</summary>
    public required ConnectionSettings Connection { get; init; }

    /// <summary>A name that PostgreSQL allows, and so a name for a directory as well: see <see cref="SlotName"/>.</summary>
    public required string Slot { get; init; }

    /// <summary>Of gzip.</summary>
    public required int Level { get; init; }

    /// <summary>Whether each segment gets an index when it is stored.</summary>
    public required bool MakesIndexes { get; init; }

    /// <summary>Go on at the slot's position where the server does not have the WAL before it any more.</summary>
    public required bool AcceptGap { get; init; }
}
