using Pgkeep.Options;
using Pgkeep.Options.EnvironmentFiles;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Options;

public sealed class UnknownNamesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("RETENTION_DAY=1", "RETENTION_DAY is not an option: did you mean RETENTION_DAYS?")]
    [InlineData("BAKCUP_DIR=/b", "BAKCUP_DIR is not an option: did you mean BACKUP_DIR?")]
    [InlineData("PGKEEP_ARCHIV_WAIT=1s", "PGKEEP_ARCHIV_WAIT is not an option: did you mean PGKEEP_ARCHIVE_WAIT?")]
    [InlineData("PGKEEP_COLOUR=red", "PGKEEP_COLOUR is not an option: see pgkeep config show")]
    [InlineData("PGKEEP_YES=on", "PGKEEP_YES is not an option: see pgkeep config show")]
    [InlineData("PGKEEP_CONFIG=/x", "PGKEEP_CONFIG has no effect in the file that it names")]
    public void Name_that_was_probably_meant_for_us_is_told(string text, string expected)
    {
        Assert.Equal($"{_directory.Path}/backup.env:2: {expected}", Assert.Single(Warnings("\n" + text)));
    }

    [Theory]
    [InlineData("PATH")]
    [InlineData("LANG")]
    [InlineData("PLATFORM_ENV")]
    [InlineData("BACKUP_HOST")]
    [InlineData("PGHOSTADDR")]
    [InlineData("PGOPTIONS")]
    [InlineData("PGAPPNAME")]
    [InlineData("PGDATESTYLE")]
    [InlineData("PGTZ")]
    [InlineData("PGSSLCERT")]
    [InlineData("PGSSLKEY")]
    [InlineData("PGSSLCRL")]
    [InlineData("PGSSLSNI")]
    [InlineData("PGSERVICEFILE")]
    [InlineData("PGREQUIREPEER")]
    [InlineData("PGCHANNELBINDING")]
    [InlineData("PGTARGETSESSIONATTRS")]
    public void Name_of_somebody_else_is_none_of_our_business(string name)
    {
        Assert.Empty(Warnings($"{name}=x"));
    }

    private List<string> Warnings(string text) =>
        [.. UnknownNames.Warnings(EnvironmentFile.Read(_directory.Write("backup.env", text), mustExist: true))];
}
