namespace Pgkeep.Archive.Ahead;

/// <summary>How a process is started that stores what waits.</summary>
/// <param name="Program">Whole path.</param>
/// <param name="Words">Its words; the directory of the segments and the one that is stored follow.</param>
internal sealed record AheadSettings(string Program, IReadOnlyList<string> Words);
