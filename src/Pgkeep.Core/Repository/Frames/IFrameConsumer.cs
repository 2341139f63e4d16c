namespace Pgkeep.Repository.Frames;

/// <summary>What is done with the frames of an archive.</summary>
/// <typeparam name="TResult">What the work on one frame leaves for the step in order.</typeparam>
internal interface IFrameConsumer<TResult>
    where TResult : class
{
    /// <summary>Called before a frame is read, as <see cref="Process"/> is: what it leaves, where nothing of its content is needed; null where it is to be read.</summary>
    TResult? PassOver(IndexedFrame frame) => null;

    /// <summary>The work: called by several threads at a time, for the frames in any order.</summary>
    /// <param name="plain">Valid until the call returns.</param>
    TResult Process(IndexedFrame frame, ReadOnlySpan<byte> plain);

    /// <summary>Called for each frame in the order of the archive, by one thread at a time. Short, or the other threads run out of frames.</summary>
    /// <param name="stored">As it lies in the archive; shorter where the archive ends inside it, and nothing where the frame was passed over. Valid until the call returns.</param>
    /// <param name="result">Null where the frame could not be decompressed, and so was not processed.</param>
    void Accept(IndexedFrame frame, ReadOnlySpan<byte> stored, TResult? result);
}
