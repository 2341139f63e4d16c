using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Pgkeep.Posix;

/// <summary>A socket on which somebody on this machine takes connections: at an address and a port, or under a path.</summary>
/// <param name="Inode">By which its process is found.</param>
internal sealed record ListeningSocket(IPEndPoint? EndPoint, string? Path, string Inode)
{
    private const string Listening = "0A";
    private const int AcceptsConnections = 0x10000;

    /// <summary>All that this machine shows; none where it shows nothing.</summary>
    public static IReadOnlyList<ListeningSocket> All() =>
        [.. Lines("tcp").Concat(Lines("tcp6")).Select(TryParseInternet).Concat(Lines("unix").Select(TryParseLocal)).OfType<ListeningSocket>()];

    /// <summary>The process that has it, the oldest where there are several; null where it may not be seen.</summary>
    public int? FindProcess()
    {
        var link = $"socket:[{Inode}]";
        return Directory.EnumerateDirectories("/proc")
            .Select(directory => int.TryParse(System.IO.Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Has(pid, link))
            .Order()
            .Select(pid => (int?)pid)
            .FirstOrDefault();
    }

    /// <param name="line">Of <c>/proc/net/tcp</c> or <c>/proc/net/tcp6</c>: number, local address, remote address, state, and in the tenth place the inode (proc(5)).</param>
    /// <returns>Null where it is no socket that listens.</returns>
    public static ListeningSocket? TryParseInternet(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 10 || fields[3] != Listening || fields[1].Split(':') is not [var address, var port]
            || !ushort.TryParse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number)
            || TryParseAddress(address) is not { } parsed)
        {
            return null;
        }

        return new ListeningSocket(new IPEndPoint(parsed, number), null, fields[9]);
    }

    /// <param name="line">Of <c>/proc/net/unix</c>: number, references, protocol, flags, type, state, inode, path.</param>
    /// <returns>Null where it is no socket that listens.</returns>
    public static ListeningSocket? TryParseLocal(string line)
    {
        var fields = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 8
            && int.TryParse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags)
            && (flags & AcceptsConnections) != 0
                ? new ListeningSocket(null, fields[7], fields[6])
                : null;
    }

    /// <summary>Four bytes at a time, each four as this machine's number.</summary>
    private static IPAddress? TryParseAddress(string text)
    {
        if (text.Length is not (8 or 32))
        {
            return null;
        }

        var bytes = new byte[text.Length / 2];
        for (var i = 0; i < bytes.Length; i += sizeof(uint))
        {
            if (!uint.TryParse(text.AsSpan(i * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var word))
            {
                return null;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i), word);
        }

        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    private static IEnumerable<string> Lines(string table)
    {
        try
        {
            return File.ReadAllLines($"/proc/net/{table}").Skip(1);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            // A kernel without IPv6, or a machine without /proc: what cannot be seen is not there.
            return [];
        }
    }

    private static bool Has(int pid, string link)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(path => new FileInfo(path).LinkTarget == link);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            // Gone, or another account's.
            return false;
        }
    }
}
