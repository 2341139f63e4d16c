using Pgkeep.Archive.Receive;
using Pgkeep.Postgres;
using Pgkeep.Repository;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Archive.Receive;

public sealed class ReceivingFileTests : IDisposable
{
    private const int Switched = 5 * MadeUpArchive.Page;
    private const int Message = 128 * 1024;

    private static readonly WalSegmentName Name = MadeUpArchive.Name(1, 5);
    private static readonly WalSegmentSize Size = MadeUpArchive.Identity.WalSegmentSize;

    private readonly TemporaryDirectory _directory = new();
    private readonly ReceivingDirectory _receiving;

    public ReceivingFileTests() => _receiving = ReceivingDirectory.Take(RepositoryLayout.Of(_directory.Path, _directory.Path), "pgkeep");

    public void Dispose()
    {
        _receiving.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void The_zeros_behind_a_switch_are_received_like_everything_else()
    {
        var content = Content();

        Receive(content);

        Assert.Equal(content, File.ReadAllBytes(_receiving.PathOf(Name)));
    }

    [Fact]
    public void They_are_written_over_what_another_attempt_left()
    {
        File.WriteAllBytes(_receiving.PathOf(Name), MadeUpArchive.Segment(Name));
        var content = Content();

        Receive(content);

        Assert.Equal(content, File.ReadAllBytes(_receiving.PathOf(Name)));
    }

    private void Receive(byte[] content)
    {
        var start = Name.StartLsn(Size);
        using var file = ReceivingFile.Open(_receiving, Name, MadeUpArchive.Identity, start, start);
        foreach (var message in content.Chunk(Message))
        {
            Assert.Equal(message.Length, file.Take(message));
            file.Flush();
        }

        Assert.True(file.IsComplete);
        Assert.Equal(start + Size.Bytes, file.Flushed);
    }

    private static byte[] Content()
    {
        var content = MadeUpArchive.Segment(Name);
        content.AsSpan(Switched).Clear();
        return content;
    }
}
