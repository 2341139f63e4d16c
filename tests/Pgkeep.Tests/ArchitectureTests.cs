using System.Text.RegularExpressions;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests;

/// <summary>
/// Holds docs/architecture.md: which folder may use which, and where Npgsql, the console and native calls may appear. It reads the sources,
/// so that it can also see what the compiler has inlined away.
/// </summary>
public sealed partial class ArchitectureTests
{
    /// <summary>For each folder of the core, the folders whose namespaces it may use, besides its own and those inside it.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Diagnostics"] = [],
        ["Posix"] = ["Diagnostics"],
        ["Streams"] = ["Diagnostics", "Postgres"],
        ["Storage"] = ["Diagnostics", "Posix"],
        ["Postgres"] = ["Diagnostics", "Posix"],
        ["Repository"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres"],
        ["Archive"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Backup"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Verify"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Retention"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Rotation"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Search"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        ["Check"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository"],
        // A drill is a restore.
        ["Drill"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository", "Restore"],
        // A backup is read again before the first byte of the old cluster moves.
        ["Restore"] = ["Diagnostics", "Posix", "Storage", "Streams", "Postgres", "Repository", "Verify"],
    };

    public static TheoryData<string> CoreFolders => [.. Allowed.Keys];

    [Fact]
    public void Every_folder_of_the_core_has_its_rule()
    {
        var folders = Directory.EnumerateDirectories(SourceFolder("src/Pgkeep.Core")).Select(path => Path.GetFileName(path)!).Where(HasSources);

        Assert.Equal(Allowed.Keys.Order(), folders.Order());
    }

    [Theory]
    [MemberData(nameof(CoreFolders))]
    public void A_folder_of_the_core_uses_only_what_lies_below_it(string folder)
    {
        var used = Sources($"src/Pgkeep.Core/{folder}").SelectMany(Namespaces).Distinct();

        Assert.Empty(used.Except(Allowed[folder]).Except([folder]));
    }

    [Fact]
    public void Postgres_formats_know_no_session_and_no_file()
    {
        var formats = Directory.EnumerateFiles(SourceFolder("src/Pgkeep.Core/Postgres"), "*.cs").Select(File.ReadAllText);

        Assert.All(formats, text => Assert.DoesNotMatch(@"using Pgkeep\.(Posix|Postgres\.(Server|Cluster))|\bFile\.|\bFileStream\b|\bDirectory\.", text));
    }

    [Theory]
    [InlineData(@"\bNpgsql\b(?!')", "src/Pgkeep.Core/Postgres/Server")]
    [InlineData(@"\[(LibraryImport|DllImport)\(", "src/Pgkeep.Core/Posix")]
    [InlineData(@"\bConsole\.", "src/Pgkeep/Output")]
    [InlineData(@"using System\.CommandLine", "src/Pgkeep/Commands")]
    public void Only_its_own_folder_mentions(string pattern, string folder)
    {
        var elsewhere = Sources("src").Where(source => !source.Path.StartsWith(folder + "/", StringComparison.Ordinal) && Regex.IsMatch(source.Code, pattern));

        Assert.Empty(elsewhere.Select(source => source.Path));
    }

    [Fact]
    public void The_core_does_not_know_the_executable()
    {
        var core = Sources("src/Pgkeep.Core").Where(source => ExecutableNamespace().IsMatch(source.Code));

        Assert.Empty(core.Select(source => source.Path));
    }

    [Fact]
    public void Unsafe_code_stays_where_bytes_are_handled()
    {
        string[] rooms = ["src/Pgkeep.Core/Posix/", "src/Pgkeep.Core/Streams/", "src/Pgkeep.Core/Postgres/"];
        var elsewhere = Sources("src").Where(source => Regex.IsMatch(source.Code, @"\bunsafe (static|partial|class|struct|void)\b|\b(static|public|private|internal) unsafe\b") && !rooms.Any(room => source.Path.StartsWith(room, StringComparison.Ordinal)));

        Assert.Empty(elsewhere.Select(source => source.Path));
    }

    private static bool HasSources(string folder) => Directory.EnumerateFiles(SourceFolder($"src/Pgkeep.Core/{folder}"), "*.cs", SearchOption.AllDirectories).Any();

    private static IEnumerable<string> Namespaces((string Path, string Code) source) =>
        CoreNamespace().Matches(source.Code).Select(match => match.Groups[1].Value).Where(Allowed.ContainsKey);

    /// <summary>Without comments: a docstring may name anything.</summary>
    private static IEnumerable<(string Path, string Code)> Sources(string folder) =>
        Directory.EnumerateFiles(SourceFolder(folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path.GetRelativePath(SourceFolder("."), path), Comment().Replace(File.ReadAllText(path), "")));

    private static string SourceFolder(string folder) => Path.GetFullPath(folder, Project.Root);

    [GeneratedRegex(@"\bPgkeep\.([A-Z]\w+)")]
    private static partial Regex CoreNamespace();

    [GeneratedRegex(@"\bPgkeep\.(Options|Commands|Output|Demo)\b")]
    private static partial Regex ExecutableNamespace();

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();
}
