namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>Where a restored file's content comes from.</summary>
internal enum FileOrigin : byte
{
    /// <summary>The backup; where an old file is there, only blocks that differ are written.</summary>
    Backup,

    /// <summary>The old file, which has the size and the CRC-32C that the manifest tells.</summary>
    Old,

    /// <summary>Nowhere: zeros that take no space, in the length that the file has.</summary>
    Zeros,
}
