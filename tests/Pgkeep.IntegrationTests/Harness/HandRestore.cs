namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What the manual tells a person to do who has a backup and no pgkeep: tar, ln and an editor.</summary>
internal static class HandRestore
{
    private static readonly RunOptions Patient = new() { Timeout = TimeSpan.FromMinutes(10) };

    /// <summary>Unpacks the data directory and its WAL.</summary>
    /// <param name="codec">As in <c>--compress</c>.</param>
    public static Task UnpackAsync(string backup, string target, string codec = "gzip") => ShellAsync(
        """mkdir -m 0700 "$2" && tar $3 -xf "$1/base.tar$4" -C "$2" && tar $3 -xf "$1/pg_wal.tar$4" -C "$2/pg_wal" """, backup, target, OptionOf(codec), SuffixOf(codec));

    /// <summary>Unpacks every tablespace beside the data directory, and has the links lead there.</summary>
    public static Task UnpackTablespacesAsync(string backup, string target, string codec = "gzip") => ShellAsync(
        """
        for archive in "$1"/[0-9]*".tar$4"; do
            [ -e "$archive" ] || continue
            oid=$(basename "$archive" ".tar$4")
            mkdir -m 0700 "$2-$oid"
            tar $3 -xf "$archive" -C "$2-$oid"
            ln -s "$2-$oid" "$2/pg_tblspc/$oid"
        done
        """,
        backup,
        target,
        OptionOf(codec),
        SuffixOf(codec));

    /// <summary>The server makes the links anew from this file when it starts, whatever links there are.</summary>
    public static Task EditTablespaceMapAsync(string target) =>
        ShellAsync("""sed -i "s|^\([0-9]*\) .*|\1 $1-\1|" "$1/tablespace_map" """, target);

    public static Task AppendSettingsAsync(string target, string settings) =>
        ShellAsync("""printf '%s\n' "$2" >>"$1/postgresql.auto.conf" """, target, settings);

    /// <summary>What a codec's archives end with.</summary>
    public static string SuffixOf(string codec) => codec switch { "gzip" => ".gz", "zstd" => ".zst", _ => "" };

    private static string OptionOf(string codec) => codec == "none" ? "" : "--" + codec;

    public static async Task<ProgramResult> ShellAsync(string script, params string[] arguments) =>
        (await TestAccount.RunAsync("sh", ["-euc", script, "sh", .. arguments], Patient)).EnsureSuccess();
}
