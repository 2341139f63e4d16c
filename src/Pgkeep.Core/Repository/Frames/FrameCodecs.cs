using Pgkeep.Diagnostics;

namespace Pgkeep.Repository.Frames;

internal static class FrameCodecs
{
    /// <param name="compression">As the backup's metadata name it.</param>
    public static IFrameCodec Of(string compression) => compression switch
    {
        "gzip" => new GzipFrameCodec(),
        _ => throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"the backup's compression \"{compression}\" is not known", "use a newer pgkeep"),
    };
}
