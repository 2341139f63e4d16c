using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>The way to a private server: its socket lies in its data directory, whose path may be longer than a socket's address can be (man 7 unix).</summary>
internal sealed class RecoverySocket : IDisposable
{
    private readonly SafeFileHandle _directory;

    public RecoverySocket(string dataDirectory, int port)
    {
        _directory = FileSystem.OpenDirectory(dataDirectory);
        Port = port;
    }

    public int Port { get; }

    /// <summary>A short name of the data directory, for this process alone.</summary>
    public string Directory => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_directory.DangerousGetHandle()}");

    public void Dispose() => _directory.Dispose();
}
