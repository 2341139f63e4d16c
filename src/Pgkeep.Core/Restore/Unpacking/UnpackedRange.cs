using Pgkeep.Repository.Frames;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Restore.Unpacking;

/// <summary>Frames of an archive one behind the other, as they were unpacked.</summary>
/// <param name="First">Number of the first frame.</param>
/// <param name="Next">Number of the frame behind the last.</param>
/// <param name="Checksum">The codec's, of their content.</param>
/// <param name="FirstEnd">Number of the first frame in which the tar ends; <see cref="long.MaxValue"/> where it goes on behind them.</param>
/// <param name="LastContent">Number of the last frame in which it does not; -1 where there is none.</param>
internal readonly record struct UnpackedRange(long First, long Next, long StoredStart, long StoredEnd, long PlainLength, uint Checksum, long FirstEnd, long LastContent)
{
    /// <summary>Whether the tar ends, with nothing but zeros behind.</summary>
    public bool IsEndRight => FirstEnd < long.MaxValue && LastContent < FirstEnd;

    /// <param name="checksum">The codec's, of the frame's content.</param>
    /// <param name="endsTar">Whether nothing but zeros follows a member's end in it.</param>
    public static UnpackedRange Of(IndexedFrame frame, uint checksum, bool endsTar) => new(
        frame.Number,
        frame.Number + 1,
        frame.StoredOffset,
        frame.StoredOffset + frame.StoredLength,
        frame.PlainLength,
        checksum,
        endsTar ? frame.Number : long.MaxValue,
        endsTar ? -1 : frame.Number);

    /// <summary>All of an archive out of its parts, in any order; an index names each frame once, without a gap.</summary>
    public static UnpackedRange Join(IEnumerable<UnpackedRange> parts, Codec codec)
    {
        var all = default(UnpackedRange) with { FirstEnd = long.MaxValue };
        foreach (var part in parts.OrderBy(part => part.First))
        {
            all = all.Next == 0 ? part : all.Append(part, codec);
        }

        return all;
    }

    /// <summary>Null where the other is not what comes behind it.</summary>
    public UnpackedRange? TryAppend(UnpackedRange other, Codec codec) => other.First == Next ? Append(other, codec) : null;

    private UnpackedRange Append(UnpackedRange other, Codec codec) => this with
    {
        Next = other.Next,
        StoredEnd = other.StoredEnd,
        PlainLength = PlainLength + other.PlainLength,
        Checksum = codec.CombineChecksums(Checksum, other.Checksum, other.PlainLength),
        FirstEnd = Math.Min(FirstEnd, other.FirstEnd),
        LastContent = Math.Max(LastContent, other.LastContent),
    };
}
