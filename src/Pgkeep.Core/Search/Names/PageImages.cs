using Pgkeep.Postgres.Wal;
using Pgkeep.Streams.Blocks;
using Pgkeep.Streams.Zstd;

namespace Pgkeep.Search.Names;

/// <summary>Restores pages from the images in records, however they are compressed. One page at a time is valid.</summary>
// PostgreSQL src/backend/access/transam/xlogreader.c, RestoreBlockImage
internal sealed class PageImages : IDisposable
{
    private readonly byte[] _page;
    private readonly byte[] _plain;
    private ZstdDecompressor? _zstd;

    /// <param name="pageLength">BLCKSZ.</param>
    public PageImages(uint pageLength) => (_page, _plain) = (new byte[pageLength], new byte[pageLength]);

    /// <returns>Empty where there is no image, or it cannot be restored.</returns>
    public ReadOnlySpan<byte> Restore(in WalRecord record, WalRecordBody body, in WalBlockReference block)
    {
        var stored = body.Image(record, block);
        if (!block.HasImage || stored.Length < block.ImageLength)
        {
            return [];
        }

        // Of an image that is not compressed, the record does not say how much was left out.
        var hole = block.ImageCompression != WalImageCompression.None ? block.HoleLength : _page.Length - block.ImageLength;
        if (hole < 0 || block.HoleOffset + hole > _page.Length)
        {
            return [];
        }

        var plain = _plain.AsSpan(0, _page.Length - hole);
        if (!TryDecompress(stored, plain, block.ImageCompression))
        {
            return [];
        }

        plain[..block.HoleOffset].CopyTo(_page);
        _page.AsSpan(block.HoleOffset, hole).Clear();
        plain[block.HoleOffset..].CopyTo(_page.AsSpan(block.HoleOffset + hole));
        return _page;
    }

    public void Dispose() => _zstd?.Dispose();

    private bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> plain, WalImageCompression compression)
    {
        switch (compression)
        {
            case WalImageCompression.None:
                stored.CopyTo(plain);
                return true;
            case WalImageCompression.Pglz:
                return PglzBlock.TryDecompress(stored, plain);
            case WalImageCompression.Lz4:
                return Lz4Block.TryDecompress(stored, plain);
            case WalImageCompression.Zstd when ZstdLibrary.IsUsable:
                _zstd ??= new ZstdDecompressor();
                return _zstd.TryDecompress(stored.ToArray(), plain);
            default:
                return false;
        }
    }
}
