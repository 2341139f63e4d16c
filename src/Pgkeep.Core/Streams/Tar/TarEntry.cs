namespace Pgkeep.Streams.Tar;

internal enum TarEntryType
{
    File,
    Directory,
    SymbolicLink,
}

/// <param name="Name">Relative, with slashes, without one at its end. As it stands in the archive: whoever unpacks checks it.</param>
/// <param name="LinkTarget">Null for anything but a link.</param>
internal sealed record TarEntry(string Name, TarEntryType Type, long Size, int Mode, DateTimeOffset Modified, string? LinkTarget = null)
{
    public uint UserId { get; init; }

    public uint GroupId { get; init; }
}
