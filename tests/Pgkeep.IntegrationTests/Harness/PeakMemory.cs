using System.Globalization;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>The most memory that a command had at any moment, in kilobytes of 1024 bytes, from the kernel.</summary>
internal static class PeakMemory
{
    /// <summary>What every command promises, whatever the size of the database and of its WAL segments.</summary>
    public const int MostKilobytes = 150_000;

    private const string Program = "/usr/bin/time";

    public static async Task<(ProgramResult Result, int Kilobytes)> RunAsync(IReadOnlyList<string> arguments, RunOptions options)
    {
        var result = await TestAccount.RunAsync(Program, ["--format=peak %M", PgkeepBinary.FilePath, .. arguments], options);
        var peak = result.Stderr.Split('\n').Single(line => line.StartsWith("peak ", StringComparison.Ordinal));
        return (result, Parse(peak["peak ".Length..]));
    }

    /// <summary>Of a process that is still there.</summary>
    public static int Of(int processId)
    {
        // proc_pid_status(5): "VmHWM:	   12345 kB"
        var line = File.ReadLines($"/proc/{processId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }

    /// <summary>An archive_command, in which a percent sign stands for itself when there are two of them; the peak of each call is a line of the file.</summary>
    public static string Recorded(string file, string command) => $"{Program} --append --output={file} --format=%%M env {command}";

    /// <summary>The highest of all calls.</summary>
    public static int HighestIn(string file) => File.ReadLines(file).Where(line => !line.StartsWith("Command", StringComparison.Ordinal)).Max(Parse);

    public static void Ensure(string command, int kilobytes)
    {
        SoakRun.Tell($"{command}: {kilobytes / 1000.0:0} MB at the peak");
        Assert.True(kilobytes is > 0 and < MostKilobytes, $"{command} had {kilobytes} kB");
    }

    private static int Parse(string kilobytes) => int.Parse(kilobytes, CultureInfo.InvariantCulture);
}
