namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>What one frame of an archive leaves for the step in order.</summary>
internal sealed class SelectedFrame
{
    public List<SelectedPart> Parts { get; } = [];

    /// <summary>It was not read.</summary>
    public bool IsPassedOver { get; init; }

    /// <summary>The codec's, of the frame's content; 0 where it was passed over.</summary>
    public uint Checksum { get; init; }

    /// <summary>Why the frame is not what the index says; null where it is.</summary>
    public string? Misfit { get; set; }

    /// <summary>Nothing but zeros from a member's end on.</summary>
    public bool EndsTar { get; set; }
}

/// <param name="Number">Of the file in the manifest.</param>
/// <param name="Name">Of the file.</param>
/// <param name="Crc">CRC-32C of this part; 0 where its content is not the backup's.</param>
internal readonly record struct SelectedPart(int Number, string Name, uint Crc, int Length, bool IsFirst, bool IsLast);
