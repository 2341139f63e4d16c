namespace Pgkeep.Posix;

/// <summary>The space of the volume that holds a directory, counted as <c>df</c> does.</summary>
/// <param name="Used">By anybody.</param>
/// <param name="Available">To an ordinary account; what is reserved for root is in neither number.</param>
internal readonly record struct VolumeSpace(long Total, long Used, long Available)
{
    /// <summary>Rounded up, as in the column of <c>df</c> that the runbook looks at.</summary>
    public int UsedPercent => Used + Available == 0 ? 0 : (int)(((Used * 100) + Used + Available - 1) / (Used + Available));

    public static VolumeSpace Of(string directory)
    {
        try
        {
            var volume = new DriveInfo(directory);
            return new VolumeSpace(volume.TotalSize, volume.TotalSize - volume.TotalFreeSpace, volume.AvailableFreeSpace);
        }
        catch (DriveNotFoundException thrown)
        {
            throw PosixError.From(Libc.ENOENT, "ask for the free space of", directory, thrown);
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "ask for the free space of", directory);
        }
    }
}
