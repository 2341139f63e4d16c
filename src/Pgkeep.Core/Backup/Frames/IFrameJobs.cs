namespace Pgkeep.Backup.Frames;

/// <summary>What an archive is made of, one frame at a time for whichever worker asks next.</summary>
internal interface IFrameJobs : IDisposable
{
    /// <summary>Null at the end.</summary>
    FrameJob? Take();

    /// <summary>The files of a frame that several share, directories left out, in the worker's own thread; null for one that is gone.</summary>
    IEnumerable<OpenFile?> Open(SmallFilesJob job);

    string TarNameOf(CopyItem item);
}
