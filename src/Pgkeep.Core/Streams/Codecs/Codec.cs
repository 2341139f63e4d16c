using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Streams.Codecs;

/// <summary>
/// A form in which the archives of a backup are stored: a header, frames that can each be decompressed alone, and a trailer. Any program for the
/// form reads the whole (docs/repository-format.md).
/// </summary>
internal abstract class Codec
{
    public static Codec Gzip { get; } = new GzipCodec();

    public static Codec Zstd { get; } = new ZstdCodec();

    public static Codec None { get; } = new PlainCodec();

    public static IReadOnlyList<Codec> All { get; } = [Gzip, Zstd, None];

    /// <summary>In options and in a backup's metadata.</summary>
    public abstract string Name { get; }

    /// <summary>What follows <c>.tar</c> in a file's name.</summary>
    public abstract string Suffix { get; }

    /// <summary>Levels go from 1 (fast) to this (small); 0 where there are none.</summary>
    public abstract int HighestLevel { get; }

    public abstract int DefaultLevel { get; }

    /// <summary>What a file begins with, before its first frame.</summary>
    public virtual byte[] Header => [];

    public static bool TryFind(string name, [NotNullWhen(true)] out Codec? codec)
    {
        codec = All.FirstOrDefault(one => one.Name == name);
        return codec is not null;
    }

    /// <summary>Throws <c>Configuration</c> where this machine lacks what it takes to write or read the form.</summary>
    public virtual void RequireUsable()
    {
    }

    /// <summary>Why a level is slower on this machine than it could be, and what to do; null where it is not.</summary>
    public virtual string? Slowness(int level) => null;

    /// <param name="level">1 to <see cref="HighestLevel"/>; of no meaning where there are none.</param>
    public abstract IFrameCompressor CreateCompressor(int level);

    /// <summary>Bytes behind a stored frame that a decompressor may write to.</summary>
    public virtual int FrameRoom => 0;

    public abstract IFrameDecompressor CreateDecompressor();

    /// <summary>Of a part of the plain content, for the trailer; 0 where the form has no checksum there.</summary>
    public virtual uint ChecksumOf(ReadOnlySpan<byte> plain) => 0;

    /// <summary>The checksum of two parts in a row.</summary>
    public virtual uint CombineChecksums(uint first, uint second, long secondLength) => 0;

    /// <summary>What a file ends with, behind its last frame.</summary>
    /// <param name="checksum">Of all plain content.</param>
    public virtual byte[] TrailerOf(uint checksum, long plainLength) => [];

    /// <summary>The plain content, forward only. Damage, and an end inside a frame, throw <see cref="InvalidDataException"/>. Owns its source.</summary>
    public abstract Stream Decompress(Stream stored);

    /// <summary>As <see cref="Decompress"/>; when it has been read to its end, all of the file is proven to be what was written.</summary>
    /// <param name="stored">Can seek, and stands at its beginning.</param>
    public virtual Stream DecompressWhole(Stream stored) => Decompress(stored);

    /// <summary>Whether what stands before the first frame and behind the last is what belongs there.</summary>
    public bool AreEndsRight(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, uint checksum, long plainLength) =>
        head.SequenceEqual(Header) && tail.SequenceEqual(TrailerOf(checksum, plainLength));

    public override string ToString() => Name;
}
