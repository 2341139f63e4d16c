using System.Net;
using System.Net.Sockets;
using Xunit.Sdk;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// A TCP port for a server, held by a locked file for as long as this lives, so that test processes beside each other never choose
/// the same one. Ports lie below 32768, where the kernel takes none for outgoing connections.
/// </summary>
internal sealed class PortReservation : IDisposable
{
    private const int First = 20000;
    private const int Count = 12000;

    private static readonly string Directory = Path.Combine(Path.GetTempPath(), "pgkeep-test-ports");

    private readonly FileStream _lock;

    private PortReservation(int port, FileStream lockFile)
    {
        Port = port;
        _lock = lockFile;
    }

    public int Port { get; }

    public static PortReservation Take()
    {
        CreateSharedDirectory();
        var start = Random.Shared.Next(Count);
        for (var i = 0; i < Count; i++)
        {
            if (TryTake(First + ((start + i) % Count)) is { } reservation)
            {
                return reservation;
            }
        }

        throw new XunitException($"no free port from {First} to {First + Count - 1}");
    }

    public void Dispose() => _lock.Dispose();

    private static PortReservation? TryTake(int port)
    {
        FileStream? lockFile = null;
        try
        {
            lockFile = new FileStream(Path.Combine(Directory, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return new PortReservation(port, lockFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            lockFile?.Dispose(); // somebody else's
            return null;
        }
    }

    // Like /tmp itself: every account may add files, none may remove another's. Lock files stay, because removing one is a race.
    private static void CreateSharedDirectory()
    {
        if (!System.IO.Directory.Exists(Directory))
        {
            System.IO.Directory.CreateDirectory(Directory);
            const UnixFileMode everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(Directory, everybody | UnixFileMode.StickyBit);
        }
    }
}
