using System.Text;
using Pgkeep.Streams.Tar;

namespace Pgkeep.Repository.Frames;

/// <summary>Who is handed what lies in a frame, in the order of the tar. Each may object with a lower-case fact about the archive, which ends the walk.</summary>
internal interface IFrameVisitor
{
    /// <param name="name">As in the tar, without a slash at its end.</param>
    string? VisitDirectory(ReadOnlySpan<byte> name, int mode);

    /// <summary>Before a part's content is looked for.</summary>
    string? Expect(FilePart part);

    /// <param name="number">Of the part in its frame.</param>
    /// <param name="mode">Null of a part whose file began in a frame before.</param>
    string? VisitPart(FilePart part, int number, int? mode, ReadOnlySpan<byte> content);
}

/// <summary>Walks through the plain content of a frame by what the index says. The index is believed in nothing: the headers in the tar must agree.</summary>
internal sealed class FrameMembers
{
    private readonly string _prefix;
    private readonly byte[] _prefixBytes;

    /// <param name="prefix">What stands before a member's name in the index, and not in the tar: <c>pg_tblspc/OID/</c> for a tablespace.</param>
    public FrameMembers(string prefix)
    {
        _prefix = prefix;
        _prefixBytes = Encoding.UTF8.GetBytes(prefix);
    }

    /// <param name="endsTar">Whether nothing but zeros follows a member's end.</param>
    /// <returns>Why the frame is not what the index says, or what the visitor objected to; null where all is well.</returns>
    public string? Walk(IndexedFrame frame, ReadOnlySpan<byte> plain, IFrameVisitor visitor, out bool endsTar)
    {
        endsTar = false;
        var tar = new TarBlocks(plain);
        for (var i = 0; i < frame.Parts.Count; i++)
        {
            var part = frame.Parts[i];
            if ((visitor.Expect(part) ?? FindContent(ref tar, part, visitor) ?? visitor.VisitPart(part, i, part.IsFirst ? tar.Mode : null, tar.Rest[..part.Length])) is { } misfit)
            {
                return misfit;
            }

            if (part.IsLast && !tar.TrySkipContent(part.Length))
            {
                return $"{part.Name} is not followed by its padding";
            }
        }

        return frame.Parts is [.., { IsLast: false }] ? null : FindEnd(ref tar, visitor, out endsTar);
    }

    /// <summary>The end of a tar is at least two empty blocks, and nothing but zeros.</summary>
    private static string? FindEnd(ref TarBlocks tar, IFrameVisitor visitor, out bool endsTar)
    {
        endsTar = false;
        while (!tar.Rest.IsEmpty)
        {
            switch (tar.Next())
            {
                case TarStep.Member when tar.IsDirectory:
                    if (visitor.VisitDirectory(tar.Name, tar.Mode) is { } objection)
                    {
                        return objection;
                    }

                    break;
                case TarStep.Member:
                    return $"it has {Encoding.UTF8.GetString(tar.Name)}, which the index does not name";
                case TarStep.End:
                    endsTar = tar.Rest.Length >= 2 * TarHeader.Length && !tar.Rest.ContainsAnyExcept((byte)0);
                    return endsTar ? null : "the tar goes on behind its end";
                default:
                    return "it has a damaged header";
            }
        }

        return null;
    }

    /// <summary>Past the headers before a part's content; null where that begins as the index says.</summary>
    private string? FindContent(ref TarBlocks tar, FilePart part, IFrameVisitor visitor)
    {
        if (!part.IsFirst)
        {
            return null;
        }

        TarStep step;
        while ((step = tar.Next()) == TarStep.Member && tar.IsDirectory)
        {
            if (visitor.VisitDirectory(tar.Name, tar.Mode) is { } objection)
            {
                return objection;
            }
        }

        if (step != TarStep.Member)
        {
            return $"{part.Name} is not where the index says";
        }

        return tar.Position == part.Start && tar.Size == part.Size && IsNamed(tar.Name, part.Name)
            ? null
            : $"it has {_prefix}{Encoding.UTF8.GetString(tar.Name)} of {tar.Size} bytes where the index has {part.Name} of {part.Size}";
    }

    private bool IsNamed(ReadOnlySpan<byte> tarName, string name)
    {
        const int usualLength = 512;
        var length = Encoding.UTF8.GetByteCount(name);
        var bytes = length <= usualLength ? stackalloc byte[usualLength] : new byte[length];
        var expected = bytes[..Encoding.UTF8.GetBytes(name, bytes)];
        return expected.StartsWith(_prefixBytes) && tarName.SequenceEqual(expected[_prefixBytes.Length..]);
    }
}
