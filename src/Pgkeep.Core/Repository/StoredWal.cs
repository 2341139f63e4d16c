using Pgkeep.Diagnostics;
using Pgkeep.Postgres;

namespace Pgkeep.Repository;

/// <summary>
/// From a stored WAL file to its plain content, with every check that its form allows. The last of them comes after the last piece:
/// what was written before a failure is worth nothing.
/// </summary>
internal static class StoredWal
{
    private const int PieceLength = 256 * 1024;

    /// <param name="stored">From its beginning. Not owned.</param>
    /// <param name="storedName">With its suffix.</param>
    /// <param name="path">Of the stored file, for messages.</param>
    /// <param name="plain">What it throws passes through.</param>
    public static void Decode(Stream stored, string storedName, WalFileName file, string path, Stream plain, CancellationToken cancellationToken)
    {
        using var content = StoredWalStream.Open(stored, storedName, path);
        RequireOwn(content.Identity, file, path);
        var piece = GC.AllocateUninitializedArray<byte>(PieceLength);
        while (content.Read(piece) is var read && read > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            plain.Write(piece, 0, read);
        }
    }

    /// <summary>The whole content of a file that is small.</summary>
    public static byte[] Decode(Stream stored, string storedName, WalFileName file, string path, CancellationToken cancellationToken)
    {
        using var plain = new MemoryStream();
        Decode(stored, storedName, file, path, plain, cancellationToken);
        return plain.Length == plain.Capacity ? plain.GetBuffer() : plain.ToArray();
    }

    /// <summary>What a file says of itself, without a look at its content. Null where another tool stored it, or it is plain.</summary>
    public static WalIdentity? ReadIdentity(Stream stored, WalFileName file, string path)
    {
        var identity = StoredWalStream.ReadIdentity(stored, path);
        RequireOwn(identity, file, path);
        return identity;
    }

    private static void RequireOwn(WalIdentity? identity, WalFileName file, string path)
    {
        if (identity is not null && identity.Name != file.Name)
        {
            throw new PgkeepException(
                ErrorKind.RepositoryCorrupt, $"\"{path}\" was stored as \"{identity.Name}\"", "the file was renamed or damaged after it was stored: look for another copy of it");
        }
    }
}
