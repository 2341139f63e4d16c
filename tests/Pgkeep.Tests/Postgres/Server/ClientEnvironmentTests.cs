using Pgkeep.Postgres.Server;
using Xunit;

namespace Pgkeep.Tests.Postgres.Server;

public sealed class ClientEnvironmentTests
{
    private static readonly ConnectionSettings Settings = new() { Host = "db", Port = 5433, User = "rep" };

    [Fact]
    public void The_program_gets_what_we_connect_with()
    {
        var environment = ClientEnvironment.Of(Settings with { Password = "secret", SslMode = "verify-full", SslRootCertificate = "/ca", ConnectTimeout = TimeSpan.FromSeconds(7) });

        Assert.Equal(
            ("db", "5433", "rep", "secret", "verify-full", "/ca", "7", "C"),
            (environment["PGHOST"], environment["PGPORT"], environment["PGUSER"], environment["PGPASSWORD"], environment["PGSSLMODE"], environment["PGSSLROOTCERT"], environment["PGCONNECT_TIMEOUT"], environment["LC_ALL"]));
    }

    [Theory]
    [InlineData("PGHOSTADDR")]
    [InlineData("PGSERVICE")]
    [InlineData("PGOPTIONS")]
    [InlineData("PGPASSWORD")]
    public void What_would_lead_it_elsewhere_is_taken_away(string name)
    {
        var environment = ClientEnvironment.Of(Settings);

        Assert.True(environment.TryGetValue(name, out var value));
        Assert.Null(value);
    }
}
