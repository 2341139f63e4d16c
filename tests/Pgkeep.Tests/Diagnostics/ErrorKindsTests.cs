using Pgkeep.Diagnostics;
using Xunit;

namespace Pgkeep.Tests.Diagnostics;

public sealed class ErrorKindsTests
{
    [Fact]
    public void Every_kind_has_exactly_one_row()
    {
        var kinds = ErrorKinds.All.Select(row => row.Kind).Order();

        Assert.Equal(Enum.GetValues<ErrorKind>().Order(), kinds);
    }

    [Fact]
    public void Exit_codes_are_unique_and_between_1_and_125()
    {
        var codes = ErrorKinds.All.Select(row => row.ExitCode).ToList();

        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.All(codes, code => Assert.InRange(code, 1, 125));
        Assert.DoesNotContain(ErrorKinds.AbsentExitCode, codes);
    }
}
