using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// The native binary and the scripts as a user has them: copied once per run to where the test account can reach them, because a
/// checkout may lie in a home directory that is closed to others. Launcher, scripts/ and artifacts/native/ lie as in the checkout.
/// </summary>
internal static class PgkeepBinary
{
    private const string BinaryPath = "artifacts/native/pgkeep";

    private static readonly Lazy<string> Copy = new(CopyOnce);

    /// <summary>What stands for the checkout's directory.</summary>
    public static string Home => Copy.Value;

    public static string FilePath => Path.Combine(Home, BinaryPath);

    public static string Launcher => Path.Combine(Home, "pgkeep");

    public static string Script(string name) => Path.Combine(Home, "scripts", name);

    public static Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, RunOptions? options = null) =>
        TestAccount.RunAsync(FilePath, arguments, options);

    public static RunningProgram Start(IReadOnlyList<string> arguments, RunOptions? options = null) =>
        TestAccount.Start(FilePath, arguments, options);

    public static Task<ProgramResult> RunScriptAsync(string name, IReadOnlyList<string> arguments, RunOptions? options = null) =>
        TestAccount.RunAsync(Script(name), arguments, options);

    public static void RemoveCopy()
    {
        if (Copy.IsValueCreated && Directory.Exists(Home))
        {
            Directory.Delete(Home, recursive: true);
        }
    }

    private static string CopyOnce()
    {
        var binary = SourceTree.PathOf(BinaryPath);
        if (!File.Exists(binary))
        {
            throw new XunitException($"\"{binary}\" is not built: run ./pgkeep --version");
        }

        var home = Directory.CreateTempSubdirectory("pgkeep-home.").FullName;
        EarlyEnd.Register(RemoveCopy);
        Open(home);
        CopyFile(binary, Path.Combine(home, BinaryPath));
        CopyFile(SourceTree.PathOf("pgkeep"), Path.Combine(home, "pgkeep"));
        CopyScripts(home);
        return home;
    }

    private static void CopyScripts(string home)
    {
        var scripts = SourceTree.PathOf("scripts");
        if (!Directory.Exists(scripts))
        {
            return;
        }

        foreach (var script in Directory.EnumerateFiles(scripts, "*", SearchOption.AllDirectories))
        {
            CopyFile(script, Path.Combine(home, "scripts", Path.GetRelativePath(scripts, script)));
        }
    }

    private static void CopyFile(string source, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(source, target); // keeps the mode
    }

    private static void Open(string directory) => File.SetUnixFileMode(
        directory,
        File.GetUnixFileMode(directory) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
}
