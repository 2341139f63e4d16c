using Pgkeep.Diagnostics;
using Pgkeep.Output;

namespace Pgkeep.Commands;

/// <summary>All that a command finds outside itself, so that a test can put something else there.</summary>
/// <param name="Environment">The value of a variable, null where it is not set.</param>
/// <param name="WorkingDirectory">Asked for only where a relative path was typed: it may be gone, and mostly nobody needs it.</param>
internal sealed record Surroundings(IOutput Output, Func<string, string?> Environment, Func<string> WorkingDirectory, TimeProvider Time)
{
    public static Surroundings OfProcess(IOutput output) =>
        new(output, System.Environment.GetEnvironmentVariable, CurrentDirectory, TimeProvider.System);

    private static string CurrentDirectory()
    {
        try
        {
            return System.Environment.CurrentDirectory;
        }
        catch (IOException exception)
        {
            throw new PgkeepException(
                ErrorKind.Usage, "the working directory does not exist any more", exception, "change to one that does");
        }
    }
}
