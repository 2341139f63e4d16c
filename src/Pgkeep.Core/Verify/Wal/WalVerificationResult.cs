using Pgkeep.Repository;

namespace Pgkeep.Verify.Wal;

/// <param name="Files">Of the archive, all of which were read.</param>
/// <param name="Segments">Whole ones among them.</param>
/// <param name="StoredBytes">Of the files.</param>
/// <param name="PlainBytes">Of their contents.</param>
/// <param name="Problems">The first of them, by file; none for a sound archive.</param>
/// <param name="ProblemCount">All of them.</param>
/// <param name="Notes">What a person may want to know and what is no damage.</param>
/// <param name="Records">Of each timeline of which something is stored.</param>
internal sealed record WalVerificationResult(
    int Files, int Segments, long StoredBytes, long PlainBytes, IReadOnlyList<WalProblem> Problems, int ProblemCount, IReadOnlyList<string> Notes,
    IReadOnlyList<TimelineRecords> Records);
