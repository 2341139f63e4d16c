namespace Pgkeep.IntegrationTests.Harness;

/// <summary>pgkeep as it runs on a host that is not the server's: what the server's data directory is there, it sees as something else.</summary>
internal static class AnotherHost
{
    /// <param name="hidden">The directory; another one, or an empty file system, is mounted over it for pgkeep alone.</param>
    /// <param name="seen">What is there instead; null for nothing.</param>
    public static Task<ProgramResult> RunAsync(RepositorySite site, string hidden, string? seen, params string[] arguments)
    {
        var mount = seen is null ? """mount -t tmpfs none "$1" """ : """mount --bind "$2" "$1" """;
        return TestAccount.RunAsync(
            "unshare",
            ["--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-euc", $"""{mount}; shift 2; exec "$@" """, "sh", hidden, seen ?? "", PgkeepBinary.FilePath, .. arguments],
            new RunOptions { Environment = site.Environment });
    }
}
