using System.Globalization;
using Pgkeep.Postgres;
using Pgkeep.Storage;

namespace Pgkeep.Repository;

/// <summary>The name under which a rotation keeps the repository of the cluster that was there before: <c>old_&lt;system identifier&gt;</c>.</summary>
internal static class OldRepository
{
    private const string Prefix = "old_";

    public static string NameOf(SystemIdentifier identifier) => Prefix + identifier;

    /// <summary>Of all that are there.</summary>
    public static async ValueTask<IReadOnlyList<string>> ListAsync(IStorage storage, CancellationToken cancellationToken) =>
    [
        .. (await storage.ListFoldersAsync("", cancellationToken)).Where(name =>
            name.StartsWith(Prefix, StringComparison.Ordinal) && ulong.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _)),
    ];
}
