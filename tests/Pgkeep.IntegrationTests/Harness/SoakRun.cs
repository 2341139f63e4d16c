using System.Globalization;
using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>Whether the long tests run, and what they tell meanwhile.</summary>
internal static class SoakRun
{
    public const string WhyNot = "takes minutes: ./test --soak runs it";

    /// <summary>PGKEEP_TEST_SOAK, which ./test sets.</summary>
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("PGKEEP_TEST_SOAK") == "1";

    /// <summary>A line for the test's report; during a soak, whoever waits for it sees it at once.</summary>
    public static void Tell(FormattableString line)
    {
        var text = line.ToString(CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        if (IsOn)
        {
            Console.WriteLine(text);
        }
    }
}
