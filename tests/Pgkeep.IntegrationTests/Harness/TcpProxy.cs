using System.Net;
using System.Net.Sockets;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>A way to a server that can be cut: both sides of every connection are reset, as a firewall does that forgets them.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly PortReservation _port = PortReservation.Take();
    private readonly TcpListener _listener;
    private readonly List<Socket> _sockets = [];
    private readonly int _target;
    private readonly Task _accepting;

    public TcpProxy(int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port => _port.Port;

    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets)
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }

            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
#pragma warning disable VSTHRD003 // begun by the constructor
        await _accepting;
#pragma warning restore VSTHRD003
        _port.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(CancellationToken.None);
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await server.ConnectAsync(IPAddress.Loopback, _target, CancellationToken.None);
                lock (_sockets)
                {
                    _sockets.AddRange([client, server]);
                }

                _ = CopyAsync(client, server);
                _ = CopyAsync(server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The proxy has ended.
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[65536];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer)) > 0;)
            {
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was cut.
        }
    }
}
