using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster;

/// <summary>Reads <c>global/pg_control</c> of a data directory that may belong to a running server.</summary>
internal static class ControlFileReader
{
    public const string RelativePath = "global/pg_control";

    /// <summary>The server overwrites the file in place, so a read can see half of a write; it lasts no longer than one write.</summary>
    private const int Attempts = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static ControlFile Read(string dataDirectory) => ReadWithContent(dataDirectory).Control;

    /// <summary>Null where it is lost or damaged, which is a reason to restore.</summary>
    public static ControlFile? TryRead(string dataDirectory) => TryReadFile(Path.Combine(dataDirectory, RelativePath));

    /// <summary>As <see cref="TryRead"/>, under whatever name.</summary>
    public static ControlFile? TryReadFile(string path)
    {
        try
        {
            return File.Exists(path) ? ReadWithContent(() => ReadFile(path), path).Control : null;
        }
        catch (PgkeepException unreadable) when (unreadable.Kind is ErrorKind.ServerUnsuitable or ErrorKind.StorageFailed)
        {
            return null;
        }
    }

    /// <summary>With the bytes as they were read, for a copy.</summary>
    public static (ControlFile Control, byte[] Content) ReadWithContent(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, RelativePath);
        return ReadWithContent(() => ReadFile(path), path);
    }

    /// <param name="read">Called again where half of a write was seen.</param>
    /// <param name="path">For messages.</param>
    public static (ControlFile Control, byte[] Content) ReadWithContent(Func<byte[]> read, string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            var content = read();
            if (ControlFile.TryParse(content, out var control, out var problem))
            {
                return (control, content);
            }

            if (attempt == Attempts)
            {
                throw new PgkeepException(ErrorKind.ServerUnsuitable, $"\"{path}\" cannot be used: {problem}");
            }

            using var wait = new ManualResetEventSlim();
            wait.Wait(Pause);
        }
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }
}
