using System.Text.RegularExpressions;
using Pgkeep.Diagnostics;

namespace Pgkeep.Restore.Databases;

/// <summary>
/// What a server says of pages that a record wants to change and that have no content. With <c>ignore_invalid_pages</c> it goes on, which is what an emptied database needs: a record of VACUUM, or of
/// a hash index, may name a page that no image of the page came for. For every other database it means what it always does: the restore has failed.
/// </summary>
// PostgreSQL src/backend/access/transam/xlogutils.c, report_invalid_page, log_invalid_page, XLogCheckInvalidPages; elog, and so the same in every language
internal sealed partial class InvalidPages
{
    private readonly DatabaseChoice _databases;

    public InvalidPages(DatabaseChoice databases) => _databases = databases;

    /// <summary>The first message of another database; null where there is none.</summary>
    public string? Problem { get; private set; }

    /// <summary>Settings for the server that replays: it goes on, says each page in one line, and archives nothing before somebody has read these lines.</summary>
    public static IReadOnlyList<string> Options { get; } =
    [
        "-c", "ignore_invalid_pages=on",
        "-c", "log_min_messages=warning",
        "-c", "log_error_verbosity=terse",
        // A timeline's history in the archive cannot be taken back. What is ready waits for the server that is started for good.
        "-c", "archive_command=",
        // It would try to open the emptied databases.
        "-c", "autovacuum=off",
    ];

    /// <summary>Takes a line of the server's log.</summary>
    /// <returns>Whether it tells of an emptied database's page and of nothing else.</returns>
    public bool Take(string line)
    {
        if (PagePattern().Match(line) is { Success: true } match)
        {
            if (!_databases.IsEmptied(match.Groups["path"].Value))
            {
                Problem ??= match.Groups["text"].Value;
                return false;
            }

            return true;
        }

        return line.EndsWith("WARNING:  WAL contains references to invalid pages", StringComparison.Ordinal);
    }

    /// <exception cref="PgkeepException">A page of a database was missing that is to be whole.</exception>
    public void RequireNone()
    {
        if (Problem is not null)
        {
            throw new PgkeepException(
                ErrorKind.ServerFailed, $"the WAL changes a page that the backup does not have: {Problem}", "restore from another backup: pgkeep list", "pgkeep verify --deep reads every page of a backup");
        }
    }

    [GeneratedRegex(@"WARNING:\s+(?<text>page \d+ of relation (?<path>\S+) (is uninitialized|does not exist))")]
    private static partial Regex PagePattern();
}
