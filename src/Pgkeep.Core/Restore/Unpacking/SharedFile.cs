namespace Pgkeep.Restore.Unpacking;

/// <summary>A file that several threads write to: whoever comes first opens it, whoever completes it closes it.</summary>
/// <param name="open">Opens it; called by one thread alone.</param>
/// <param name="size">Of all of it, in bytes.</param>
internal sealed class SharedFile<T>(Func<T> open, long size) : IDisposable
    where T : class, IDisposable
{
    private T? _file;
    private object? _opening;
    private long _left = size;

    public T File => LazyInitializer.EnsureInitialized(ref _file, ref _opening, open);

    /// <summary>To be told of every write; true for the last one.</summary>
    public bool IsWhole(int written) => Interlocked.Add(ref _left, -written) == 0;

    public void Dispose() => _file?.Dispose();
}
