using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pgkeep.Posix;
using Pgkeep.Repository;

namespace Pgkeep.Restore.Host;

/// <summary>Where a server takes connections, by its settings.</summary>
/// <param name="Hosts">As in <c>listen_addresses</c>.</param>
/// <param name="SocketDirectories">As in <c>unix_socket_directories</c>.</param>
internal sealed record ServerAddress(int Port, IReadOnlyList<string> Hosts, IReadOnlyList<string> SocketDirectories)
{
    public const string PortSetting = "port";
    public const string HostsSetting = "listen_addresses";
    public const string SocketsSetting = "unix_socket_directories";

    /// <summary>PostgreSQL's default of listen_addresses.</summary>
    private const string Localhost = "localhost";

    private static readonly string[] Settings = [PortSetting, HostsSetting, SocketsSetting];

    /// <summary>As the server had it when the backup was taken; null where nobody told its port.</summary>
    public static ServerAddress? Of(ClusterMetadata cluster) => TryMake(name => cluster.Settings.GetValueOrDefault(name));

    /// <param name="read">What a setting will be; null where that is not known.</param>
    /// <param name="otherwise">Where no port is known.</param>
    public static async Task<ServerAddress?> ReadAsync(Func<string, Task<string?>> read, ServerAddress? otherwise)
    {
        var values = new Dictionary<string, string?>();
        foreach (var name in Settings)
        {
            values[name] = await read(name);
        }

        return TryMake(values.GetValueOrDefault) ?? otherwise;
    }

    /// <summary>The first of the sockets that keeps a server from listening here; null where none does.</summary>
    public ListeningSocket? FindTaken(IEnumerable<ListeningSocket> sockets)
    {
        var paths = SocketDirectories.Select(directory => $"{directory.TrimEnd('/')}/.s.PGSQL.{Port.ToString(CultureInfo.InvariantCulture)}").ToHashSet(StringComparer.Ordinal);
        return sockets.FirstOrDefault(socket =>
            (socket.Path is { } path && paths.Contains(path)) || (socket.EndPoint is { } taken && taken.Port == Port && Hosts.Any(host => IsSame(host, taken.Address))));
    }

    private static ServerAddress? TryMake(Func<string, string?> find) => int.TryParse(find(PortSetting), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        ? new ServerAddress(port, Split(find(HostsSetting) ?? Localhost), Split(find(SocketsSetting) ?? ""))
        : null;

    private static IReadOnlyList<string> Split(string list) =>
        [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(item => item.Trim('"')).Where(item => item.Length > 0)];

    /// <summary>A host's name is not looked up: only somebody who has all addresses is in its way for certain.</summary>
    private static bool IsSame(string host, IPAddress taken) =>
        host == "*" || taken.Equals(IPAddress.Any) || taken.Equals(IPAddress.IPv6Any)
        || (host == Localhost ? IPAddress.IsLoopback(taken)
            : IPAddress.TryParse(host, out var own) && (own.Equals(taken) || (own.AddressFamily == taken.AddressFamily && IsWildcard(own))));

    private static bool IsWildcard(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? address.Equals(IPAddress.Any) : address.Equals(IPAddress.IPv6Any);
}
