using Pgkeep.Diagnostics;

namespace Pgkeep.Archive.Receive;

/// <summary>A name that PostgreSQL allows for a replication slot. It goes into commands that have no quoting, and names a directory.</summary>
// PostgreSQL src/backend/replication/slot.c, ReplicationSlotValidateName; NAMEDATALEN is 64
internal static class SlotName
{
    private const int MaxLength = 63;

    public static string Require(string name) =>
        name.Length is > 0 and <= MaxLength && name.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_')
            ? name
            : throw new PgkeepException(
                ErrorKind.Configuration, $"\"{name}\" is not a name for a replication slot", "lower-case letters, digits and underscores, 63 at most");
}
