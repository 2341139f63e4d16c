namespace Pgkeep.Posix;

internal static class ProgramPath
{
    /// <summary>Where sudo and cron may have cut these from PATH.</summary>
    private const string Usual = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>The program a shell would run; null where there is none.</summary>
    public static string? Find(string name, string? path) =>
        $"{path}:{Usual}".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(file => FileStatus.OfTarget(file) is { Type: FileType.Regular } status && (status.Mode & 0b001_001_001) != 0);
}
