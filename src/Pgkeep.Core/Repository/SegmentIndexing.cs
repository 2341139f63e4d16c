using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Index;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>Makes the index of a segment from the pieces in which it is read for something else. It throws nothing: a segment is worth more than its index.</summary>
internal sealed class SegmentIndexing
{
    private readonly WalIndexBuilder _builder;
    private string? _failure;

    public SegmentIndexing(WalSegmentName segment) => _builder = new WalIndexBuilder(segment);

    /// <summary>Null before the end, and where there is a <see cref="Problem"/>.</summary>
    public WalSegmentIndex? Index { get; private set; }

    /// <summary>A lower-case fact about the segment.</summary>
    public string? Problem => _failure ?? _builder.Problem;

    /// <param name="piece">The next; whole pages.</param>
    public void Add(ReadOnlySpan<byte> piece)
    {
        if (Problem is not null)
        {
            return;
        }

        try
        {
            _builder.Add(piece);
        }
#pragma warning disable CA1031 // whatever is wrong here, the segment must get into the archive
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            _failure = $"cannot be indexed: {thrown.Message}";
        }
    }

    /// <param name="digest">Of all pieces.</param>
    public void Finish(QuickDigest digest)
    {
        if (Problem is not null)
        {
            return;
        }

        try
        {
            Index = _builder.Build(digest.Value);
        }
#pragma warning disable CA1031 // as above
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            _failure = $"cannot be indexed: {thrown.Message}";
        }
    }
}
