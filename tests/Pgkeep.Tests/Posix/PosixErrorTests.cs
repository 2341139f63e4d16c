using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Posix;

public sealed class PosixErrorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("file")]
    [InlineData("not/there/file")]
    public void A_full_volume_is_told_with_what_is_free_on_it(string name)
    {
        var failure = PosixError.From(Libc.ENOSPC, "write", _directory.PathOf(name));

        Assert.Equal(ErrorKind.StorageFull, failure.Kind);
        Assert.Matches("No space left on device \\([0-9.]+[BKMGTPE] of [0-9.]+[BKMGTPE] are free there\\)$", failure.Message);
    }

    [Fact]
    public void A_volume_that_is_read_only_is_no_matter_of_the_account()
    {
        var failure = PosixError.From(Libc.EROFS, "write", _directory.PathOf("file"));

        Assert.Equal(ErrorKind.AccessDenied, failure.Kind);
        Assert.Contains("mounted read-only", Assert.Single(failure.Hints), StringComparison.Ordinal);
    }
}
