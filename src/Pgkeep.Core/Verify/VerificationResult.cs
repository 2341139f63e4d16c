namespace Pgkeep.Verify;

/// <param name="Files">Of the backup's directory.</param>
/// <param name="Bytes">Of those files.</param>
/// <param name="Problems">Each names the file; none for a sound backup.</param>
internal sealed record VerificationResult(int Files, long Bytes, IReadOnlyList<string> Problems)
{
    /// <summary>Null where only the stored files were compared with their checksums.</summary>
    public DeepResult? Deep { get; init; }
}

/// <summary>What was found inside the archives.</summary>
/// <param name="Files">Of the cluster.</param>
/// <param name="Bytes">Of those files.</param>
/// <param name="HasDataChecksums">Whether the cluster's pages can be checked at all.</param>
/// <param name="PagesChecked">0 where the cluster has no data checksums.</param>
/// <param name="ExcusedPages">Pages that do not fit and will be written anew by replay.</param>
/// <param name="Findings">What the backup itself had found: no news, and no damage of the backup.</param>
/// <param name="Notes">What a person may want to know of how it was checked.</param>
internal sealed record DeepResult(long Files, long Bytes, bool HasDataChecksums, long PagesChecked, int ExcusedPages, IReadOnlyList<string> Findings, IReadOnlyList<string> Notes);
