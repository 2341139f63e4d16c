using System.Text;
using Pgkeep.Diagnostics;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary><c>checksums.sha256</c>, in the form that <c>sha256sum -c</c> reads: digest, two spaces, name. Written last, it makes a backup complete.</summary>
internal sealed record ChecksumList(IReadOnlyList<FileChecksum> Files)
{
    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (var file in Files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            text.Append(file.Digest).Append("  ").Append(file.Name).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <param name="path">For messages.</param>
    public static ChecksumList Parse(ReadOnlySpan<byte> content, string path)
    {
        var files = new List<FileChecksum>();
        var text = Encoding.UTF8.GetString(content);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty)
            {
                continue;
            }

            var name = line.Length > 66 ? line[66..].ToString() : "";
            // A name with a slash would lead out of the backup.
            if (!Sha256Digest.TryParse(line[..Math.Min(64, line.Length)], out var digest) || name.Length == 0 || name.Contains('/') || name.StartsWith('.'))
            {
                throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is damaged");
            }

            files.Add(new FileChecksum(name, digest));
        }

        return files.Count > 0 && text.EndsWith('\n')
            ? new ChecksumList(files)
            : throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is cut short");
    }
}

internal sealed record FileChecksum(string Name, Sha256Digest Digest);
