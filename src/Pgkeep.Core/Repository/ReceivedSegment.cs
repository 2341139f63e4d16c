using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>A segment in the directory of a receiver: plain, as long as a segment, zeros behind what was received.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Extent">Null where it does not begin with the segment's first page: nothing of it can be used.</param>
internal sealed record ReceivedSegment(WalSegmentName Name, string Path, WalSegmentExtent? Extent);
