using System.Net;
using System.Net.Sockets;
using Pgkeep.Posix;
using Xunit;

namespace Pgkeep.Tests.Posix;

public sealed class ListeningSocketTests
{
    [Theory]
    [InlineData("   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1 0000000000000000 100 0 0 10 0", "127.0.0.1:5432")]
    [InlineData("   1: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1", "0.0.0.0:5432")]
    [InlineData("   0: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1", "[::1]:5432")]
    [InlineData("   0: 0000000000000000FFFF00000100007F:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1", "127.0.0.1:5432")]
    public void An_address_and_a_port_are_read(string line, string expected)
    {
        var socket = ListeningSocket.TryParseInternet(line)!;

        Assert.Equal((expected, "12345"), (socket.EndPoint!.ToString(), socket.Inode));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   0: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000   106        0 12345 1")]
    [InlineData("   0: 0100007F 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1")]
    [InlineData("   0: 01007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1")]
    [InlineData("   0: 0100007G:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   106        0 12345 1")]
    public void What_does_not_listen_is_none(string line) => Assert.Null(ListeningSocket.TryParseInternet(line));

    [Fact]
    public void A_path_is_read_of_what_takes_connections()
    {
        var socket = ListeningSocket.TryParseLocal("0000000000000000: 00000002 00000000 00010000 0001 01 23456 /tmp/with space/.s.PGSQL.5432");

        Assert.Equal(("/tmp/with space/.s.PGSQL.5432", "23456"), (socket?.Path, socket?.Inode));
        Assert.Null(ListeningSocket.TryParseLocal("0000000000000000: 00000003 00000000 00000000 0001 03 23457 /tmp/.s.PGSQL.5432"));
        Assert.Null(ListeningSocket.TryParseLocal("0000000000000000: 00000003 00000000 00010000 0001 03 23458"));
    }

    [Fact]
    public void This_process_is_found_by_its_own()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var own = (IPEndPoint)listener.LocalEndpoint;

        var found = Assert.Single(ListeningSocket.All(), socket => socket.EndPoint?.Port == own.Port);

        Assert.Equal((own, (int?)Environment.ProcessId), (found.EndPoint, found.FindProcess()));
    }
}
