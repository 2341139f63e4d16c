using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Demo;

/// <summary>A directory with <c>scripts/</c> and <c>artifacts/native/pgkeep</c> in it: how the scripts find the program.</summary>
internal sealed record Checkout(string Directory)
{
    private const int OwnerOnly = 0b111_000_000;
    private const UnixFileMode ForEverybody = (UnixFileMode)0b111_101_101;

    public string Scripts => Path.Combine(Directory, "scripts");

    public string Binary => Path.Combine(Directory, "artifacts", "native", "pgkeep");

    public string ArchiveScript => Path.Combine(Scripts, "archive-wal.sh");

    public string BackupScript => Path.Combine(Scripts, "backup-postgres.sh");

    public string RestoreScript => Path.Combine(Scripts, "restore-postgres.sh");

    private IReadOnlyList<string> Programs => [ArchiveScript, BackupScript, RestoreScript, Binary];

    /// <param name="named">By the launcher.</param>
    /// <param name="program">This process's own.</param>
    public static Checkout Find(string? named, string program)
    {
        var above = Path.GetFullPath(Path.Combine(program, "..", "..", ".."));
        var places = new[] { named, above }.OfType<string>().Where(path => path.Length > 0).Distinct().Select(path => new Checkout(path)).ToList();
        return places.FirstOrDefault(place => File.Exists(place.ArchiveScript))
            ?? throw new PgkeepException(
                ErrorKind.Configuration,
                $"the scripts that the demo runs are not in \"{places[0].Scripts}\"",
                "start the demo in a checkout: ./pgkeep demo");
    }

    /// <param name="account">Null for this process's own.</param>
    public async Task<bool> IsRunnableByAsync(Account? account, CancellationToken cancellationToken)
    {
        const string test = "for program; do test -r \"$program\" && test -x \"$program\" || exit 1; done";
        var tested = await ProgramRun.RunAsync("sh", ["-c", test, "sh", .. Programs], account, cancellationToken);
        return tested.ExitCode == 0;
    }

    /// <summary>The same layout elsewhere: a checkout below /root or in a closed home is out of reach of the server's account.</summary>
    public Checkout CopyTo(string directory, string program, Account? owner)
    {
        var copy = new Checkout(directory);
        foreach (var folder in new[] { directory, copy.Scripts, Path.Combine(directory, "artifacts"), Path.GetDirectoryName(copy.Binary)! })
        {
            FileSystem.CreateDirectory(folder, OwnerOnly);
            Own(folder, owner);
        }

        foreach (var script in System.IO.Directory.EnumerateFiles(Scripts))
        {
            CopyFile(script, Path.Combine(copy.Scripts, Path.GetFileName(script)), owner);
        }

        CopyFile(File.Exists(Binary) ? Binary : program, copy.Binary, owner);
        return copy;
    }

    private static void CopyFile(string source, string target, Account? owner)
    {
        File.Copy(source, target);
        File.SetUnixFileMode(target, ForEverybody);
        Own(target, owner);
    }

    private static void Own(string path, Account? owner)
    {
        if (owner is not null)
        {
            FileSystem.ChangeOwner(path, owner.UserId, owner.GroupId);
        }
    }
}
