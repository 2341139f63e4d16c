using System.Net;
using Pgkeep.Posix;
using Pgkeep.Restore.Host;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore.Host;

/// <summary>A server with port 5432.</summary>
public sealed class ServerAddressTests
{
    [Theory]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("localhost", "::1", true)]
    [InlineData("localhost", "0.0.0.0", true)]
    [InlineData("localhost", "10.0.0.5", false)]
    [InlineData("*", "10.0.0.5", true)]
    [InlineData("0.0.0.0", "10.0.0.5", true)]
    [InlineData("0.0.0.0", "::1", false)]
    [InlineData("10.0.0.5, localhost", "10.0.0.5", true)]
    [InlineData("10.0.0.5", "127.0.0.1", false)]
    [InlineData("db.example.org", "10.0.0.5", false)]
    [InlineData("db.example.org", "0.0.0.0", true)]
    [InlineData("", "127.0.0.1", false)]
    [InlineData(null, "127.0.0.1", true)]
    public void An_address_is_taken_by_who_has_it_or_all(string? hosts, string taken, bool expected)
    {
        var socket = new ListeningSocket(new IPEndPoint(IPAddress.Parse(taken), 5432), null, "1");

        Assert.Equal(expected, Of(hosts, "/tmp").FindTaken([socket]) == socket);
        Assert.Null(Of(hosts, "/tmp").FindTaken([socket with { EndPoint = new IPEndPoint(IPAddress.Parse(taken), 5433) }]));
    }

    [Theory]
    [InlineData("/tmp", true)]
    [InlineData("/var/run/postgresql, \"/tmp\"", true)]
    [InlineData("/tmp/", true)]
    [InlineData("/var/run/postgresql", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_socket_is_taken_by_its_path(string? directories, bool expected) =>
        Assert.Equal(expected, Of("", directories).FindTaken([new ListeningSocket(null, "/tmp/.s.PGSQL.5432", "1")]) is not null);

    [Fact]
    public void Without_a_port_nothing_is_known() => Assert.Null(ServerAddress.Of(SampleMetadata.Create().Cluster));

    private static ServerAddress Of(string? hosts, string? directories)
    {
        var settings = new Dictionary<string, string> { ["port"] = "5432" };
        if (hosts is not null)
        {
            settings["listen_addresses"] = hosts;
        }

        if (directories is not null)
        {
            settings["unix_socket_directories"] = directories;
        }

        return ServerAddress.Of(SampleMetadata.Create().Cluster with { Settings = settings })!;
    }
}
