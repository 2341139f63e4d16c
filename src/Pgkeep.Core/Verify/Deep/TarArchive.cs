using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Streams.Codecs;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Verify.Deep;

/// <summary>Reads a compressed tar to its very end, so that its last checksum is compared too.</summary>
internal static class TarArchive
{
    private const int BufferLength = 256 * 1024;

    /// <param name="member">Called for each member in turn; reads as much of it as it wants.</param>
    /// <returns>False where the archive is damaged, which is then a problem.</returns>
    /// <exception cref="PgkeepException">The file cannot be read.</exception>
    public static bool TryRead(string path, Codec codec, Action<TarReader, TarEntry> member, ProblemList problems, CancellationToken cancellationToken)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferLength, FileOptions.SequentialScan);
            using var plain = codec.DecompressWhole(file);
            var tar = new TarReader(plain, path);
            while (tar.Next() is { } entry)
            {
                cancellationToken.ThrowIfCancellationRequested();
                member(tar, entry);
            }

            return IsRestEmpty(plain) || Fail("goes on behind the end of its tar");
        }
        catch (PgkeepException damaged) when (damaged.Kind is ErrorKind.BackupDamaged)
        {
            problems.Add(damaged.Message);
            return false;
        }
        catch (InvalidDataException damaged)
        {
            return Fail($"cannot be decompressed: {damaged.Message}");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }

        bool Fail(string problem)
        {
            problems.Add($"\"{path}\" {problem}");
            return false;
        }
    }

    /// <summary>A whole part of a member, which is as long as its header says or the archive damaged.</summary>
    public static void ReadExactly(TarReader tar, Span<byte> content)
    {
        while (!content.IsEmpty)
        {
            content = content[tar.Read(content)..];
        }
    }

    private static bool IsRestEmpty(Stream plain)
    {
        var buffer = new byte[BufferLength];
        for (int read; (read = plain.Read(buffer)) > 0;)
        {
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }
}
