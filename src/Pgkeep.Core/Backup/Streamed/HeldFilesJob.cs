using Pgkeep.Backup.Frames;

namespace Pgkeep.Backup.Streamed;

/// <summary>Directories and small files of a stream, with what came of them.</summary>
/// <param name="Contents">One for each item, in their order; null for a directory.</param>
internal sealed record HeldFilesJob(long Number, IReadOnlyList<CopyItem> Items, IReadOnlyList<HeldContent?> Contents) : SmallFilesJob(Number, Items);
