using Pgkeep.Repository.Prefetch;

namespace Pgkeep.Archive.Prefetch;

/// <param name="Segments">How many to have ready, at least 1.</param>
/// <param name="Program">Whole path of the program that fetches them.</param>
/// <param name="Words">Its words; the segment that was handed out last and the directory follow.</param>
internal sealed record PrefetchSettings(PrefetchDirectory Directory, int Segments, string Program, IReadOnlyList<string> Words);
