using System.Net;
using System.Net.Sockets;
using Pgkeep.Diagnostics;

namespace Pgkeep.Demo;

/// <summary>
/// A port that nobody listens on, below 32768, where the kernel takes none for outgoing connections. The demo's server does not open it: it only
/// stands in the name of its socket, which lies in a directory of its own.
/// </summary>
internal static class SocketNumber
{
    private const int First = 20_000;
    private const int Count = 12_000;

    public static int Choose()
    {
        var start = Environment.ProcessId;
        return Enumerable.Range(0, Count).Select(step => First + ((start + step) % Count)).Where(IsFree).Cast<int?>().FirstOrDefault()
            ?? throw new PgkeepException(ErrorKind.ServerUnsuitable, $"there is no free port from {First} to {First + Count - 1}");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
