using Pgkeep.Archive.Prefetch;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Streams;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Prefetch;

public sealed class CheckedMarkTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 5000).Select(i => (byte)i)];
    private static readonly WalIdentity Identity = new(new SystemIdentifier(7), Content.Length, QuickDigest.Of(Content), DateTimeOffset.UnixEpoch, "000000010000000000000001");

    private readonly TemporaryDirectory _home = new();
    private readonly string _path;

    public CheckedMarkTests()
    {
        _path = _home.PathOf("segment");
        using var file = new FileStream(_path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        file.Write(Content);
        CheckedMark.Put(file.SafeFileHandle, _path, Identity);
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void It_is_taken_off_once_and_the_file_is_of_now()
    {
        Assert.InRange(File.GetLastWriteTimeUtc(_path).Year, 1980, 2010);
        Assert.True(IsOn(_path));
        Assert.Equal(DateTime.UtcNow, File.GetLastWriteTimeUtc(_path), TimeSpan.FromMinutes(1));
        Assert.False(IsOn(_path));
    }

    [Fact]
    public void It_goes_with_the_file_to_another_name()
    {
        File.Move(_path, _home.PathOf("moved"));

        Assert.True(IsOn(_home.PathOf("moved")));
    }

    [Fact]
    public void A_write_that_changes_nothing_takes_it_away()
    {
        using (var file = new FileStream(_path, FileMode.Open, FileAccess.Write))
        {
            file.Write(Content.AsSpan(0, 1));
        }

        Assert.False(IsOn(_path));
    }

    [Fact]
    public void A_file_that_was_cut_has_none_whatever_its_time()
    {
        var marked = File.GetLastWriteTimeUtc(_path);
        File.WriteAllBytes(_path, Content[..^1]);
        File.SetLastWriteTimeUtc(_path, marked);

        Assert.False(IsOn(_path));
    }

    [Fact]
    public void A_copy_that_keeps_the_time_has_none()
    {
        var copy = _home.PathOf("copy");
        File.Copy(_path, copy);
        File.SetLastWriteTimeUtc(copy, File.GetLastWriteTimeUtc(_path));

        Assert.False(IsOn(copy));
        Assert.True(IsOn(_path));
    }

    [Fact]
    public void It_is_for_one_content()
    {
        Assert.False(CheckedMark.TryTakeOff(_path, Identity with { Digest = QuickDigest.Of("other"u8) }, TimeProvider.System));
        Assert.True(IsOn(_path));
    }

    [Fact]
    public void There_is_none_where_there_is_no_file() => Assert.False(IsOn(_home.PathOf("nothing")));

    private static bool IsOn(string path) => CheckedMark.TryTakeOff(path, Identity, TimeProvider.System);
}
