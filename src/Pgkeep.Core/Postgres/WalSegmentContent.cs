using System.Diagnostics.CodeAnalysis;

namespace Pgkeep.Postgres;

/// <summary>
/// What the first page of a WAL segment tells about the whole file. A segment that is not what its name says is the one thing an archive
/// must never hold: recovery would stop at it, months later.
/// </summary>
/// <param name="Version">Told by the page magic.</param>
internal sealed record WalSegmentContent(SystemIdentifier SystemIdentifier, PostgresVersion Version, WalSegmentSize SegmentSize)
{
    /// <param name="content">The whole segment, plain.</param>
    /// <param name="problem">A lower-case fact, where false is returned.</param>
    public static bool TryCheck(ReadOnlySpan<byte> content, WalSegmentName name, [NotNullWhen(true)] out WalSegmentContent? value, out string problem) =>
        TryCheck(content, content.Length, name, out value, out problem);

    /// <param name="start">At least the first page, of a segment that is read piece by piece.</param>
    /// <param name="length">Of the whole segment.</param>
    /// <param name="problem">A lower-case fact, where false is returned.</param>
    public static bool TryCheck(ReadOnlySpan<byte> start, long length, WalSegmentName name, [NotNullWhen(true)] out WalSegmentContent? value, out string problem)
    {
        value = null;
        if (start.IsEmpty)
        {
            problem = "is empty";
            return false;
        }

        if (!WalPageHeader.TryParse(start, out var header, out problem))
        {
            problem = $"does not begin with a WAL page: {problem}";
            return false;
        }

        if (!PostgresVersion.TryGetByWalMagic(header.Magic, out var version))
        {
            problem = $"has the page magic {header.Magic:X4}, which no supported PostgreSQL writes";
            return false;
        }

        if (header is not { IsLong: true, SystemIdentifier: { } identifier, SegmentSize: { } segmentSize })
        {
            problem = "does not begin with a segment's first page";
            return false;
        }

        problem = Compare(length, name, header, segmentSize);
        value = problem.Length == 0 ? new WalSegmentContent(identifier, version, segmentSize) : null;
        return value is not null;
    }

    private static string Compare(long length, WalSegmentName name, WalPageHeader header, WalSegmentSize size)
    {
        if (length != size.Bytes)
        {
            return $"has {length} bytes, and its header says {size.Bytes}";
        }

        if (!name.IsValidFor(size) || header.PageAddress != name.StartLsn(size))
        {
            return $"begins at {header.PageAddress}, which is not where a segment of its name begins";
        }

        // The segment of a timeline switch is named for the new timeline and begins with pages of the old one.
        return header.Timeline.Value > name.Timeline.Value ? $"is of timeline {header.Timeline}, and its name says {name.Timeline}" : "";
    }
}
