using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>
/// <c>backup.env</c> as it lies on disk: read once through one descriptor, so that the mode that is checked belongs to the bytes that are
/// used.
/// </summary>
internal sealed class EnvironmentFile
{
    private const int LargestSizeInBytes = 1 << 20;

    private const UnixFileMode OthersMode =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, Assignment> _assignments;
    private readonly UnixFileMode _mode;

    private EnvironmentFile(string path, EnvironmentFileText text, UnixFileMode mode)
    {
        Path = path;
        Problems = [.. text.Problems.Select(problem => Describe(path, problem))];
        _mode = mode;
        _assignments = new Dictionary<string, Assignment>(text.Assignments.Count, StringComparer.Ordinal);
        foreach (var assignment in text.Assignments)
        {
            _assignments[assignment.Name] = assignment;
        }
    }

    public string Path { get; }

    public IReadOnlyList<OptionProblem> Problems { get; }

    public IEnumerable<Assignment> Assignments => _assignments.Values;

    public static EnvironmentFile Empty(string path) => new(path, EnvironmentFileText.Parse(""), UnixFileMode.None);

    /// <param name="mustExist">Whether somebody named it, rather than the default.</param>
    public static EnvironmentFile Read(string path, bool mustExist)
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var text = ReadText(stream, path);
            return new EnvironmentFile(path, EnvironmentFileText.Parse(text), File.GetUnixFileMode(handle));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return mustExist
                ? throw new PgkeepException(ErrorKind.Configuration, $"the file \"{path}\" does not exist", exception)
                : Empty(path);
        }
        catch (UnauthorizedAccessException exception) when (Directory.Exists(path))
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{path}\" is a directory, not a file of options", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"this account may not read \"{path}\"",
                exception,
                "run the command as the account that owns the file: sudo -u postgres pgkeep …");
        }
        catch (IOException exception)
        {
            throw new PgkeepException(ErrorKind.StorageFailed, $"\"{path}\" cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>What the file says about a name; null where it says nothing.</summary>
    public Assignment? Find(string name) => _assignments.GetValueOrDefault(name);

    /// <summary>A problem if the file holds one of these secrets while its mode lets others read or change it.</summary>
    public OptionProblem? CheckSecrets(IEnumerable<Option> secrets)
    {
        var held = secrets.FirstOrDefault(secret => Find(secret.EnvironmentName ?? "") is { Value.Length: > 0 });
        if (held is null || (_mode & OthersMode) == UnixFileMode.None)
        {
            return null;
        }

        var mode = Convert.ToString((int)_mode, toBase: 8).PadLeft(4, '0');
        var message = $"{Path} holds {held.EnvironmentName}, and its mode {mode} opens it to other accounts";
        return new OptionProblem(SourceKind.File, message, $"chmod 0600 {Path}");
    }

    private static string ReadText(FileStream stream, string path)
    {
        // One byte more than allowed tells a file that is too large, also where the size is not known beforehand (a pipe).
        var buffer = new byte[stream.CanSeek ? Math.Min(stream.Length, LargestSizeInBytes) + 1 : LargestSizeInBytes + 1];
        var length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (length > LargestSizeInBytes)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{path}\" is larger than 1 MiB: not a file of options");
        }

        try
        {
            var text = StrictUtf8.GetString(buffer, 0, length).TrimStart('\uFEFF');
            return text.Contains('\0', StringComparison.Ordinal)
                ? throw new PgkeepException(ErrorKind.Configuration, $"\"{path}\" contains a NUL byte: not a file of options")
                : text;
        }
        catch (DecoderFallbackException exception)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"\"{path}\" is not UTF-8 text", exception);
        }
    }

    private static OptionProblem Describe(string path, ShellProblem problem)
    {
        var name = problem.Name is null ? "" : problem.Name + ": ";
        return new OptionProblem(SourceKind.File, $"{path}:{problem.Line}: {name}{problem.Message}", problem.Hint);
    }
}
