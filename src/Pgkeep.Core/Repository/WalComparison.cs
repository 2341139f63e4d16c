using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>Whether a stored WAL file holds what another file does, without either of them in memory.</summary>
internal static class WalComparison
{
    /// <summary>Every check of the stored file is made as well: damage is thrown, and is not a difference.</summary>
    /// <param name="stored">From its beginning. Not owned.</param>
    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">Of the stored file, for messages.</param>
    /// <param name="plain">The other content, from its beginning. Not owned.</param>
    /// <param name="digest">Of the plain content that is stored.</param>
    public static bool HasContent(Stream stored, string storedName, WalFileName file, string path, Stream plain, out Sha256Digest digest, CancellationToken cancellationToken)
    {
        using var comparison = new ComparingStream(plain);
        using var hashing = new HashingStream(comparison);
        StoredWal.Decode(stored, storedName, file, path, hashing, cancellationToken);
        digest = hashing.Digest;
        return comparison.IsEqual();
    }
}
