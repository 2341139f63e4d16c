namespace Pgkeep.Restore;

/// <summary>What becomes of the old cluster's files.</summary>
internal enum FileReuse
{
    /// <summary>They wait aside, whole, and nothing of them is used.</summary>
    None,

    /// <summary>They wait aside, whole; what is right in them is shared with the restored files.</summary>
    Clone,

    /// <summary>They become the restored ones.</summary>
    InPlace,
}
