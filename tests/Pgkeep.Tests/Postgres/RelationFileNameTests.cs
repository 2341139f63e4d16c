using System.Text;
using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class RelationFileNameTests
{
    [Theory]
    [InlineData("16384", 16384u, (int)RelationFork.Main, 0u)]
    [InlineData("16384.1", 16384u, (int)RelationFork.Main, 1u)]
    [InlineData("16384.131071", 16384u, (int)RelationFork.Main, 131071u)]
    [InlineData("16384_fsm", 16384u, (int)RelationFork.FreeSpaceMap, 0u)]
    [InlineData("16384_vm", 16384u, (int)RelationFork.VisibilityMap, 0u)]
    [InlineData("16384_init", 16384u, (int)RelationFork.Init, 0u)]
    [InlineData("16384_vm.2", 16384u, (int)RelationFork.VisibilityMap, 2u)]
    [InlineData("4294967295", uint.MaxValue, (int)RelationFork.Main, 0u)]
    public void Number_fork_and_segment_are_read(string text, uint number, int fork, uint segment)
    {
        var name = Parse(text);

        Assert.Equal(new RelationFileName(number, (RelationFork)fork, segment, null), name);
        Assert.Equal(text, name.ToString());
        Assert.False(name.IsTemporary);
    }

    [Theory]
    [InlineData("t3_16384", 3u)]
    [InlineData("t0_16384", 0u)]
    [InlineData("t104_16384_fsm", 104u)]
    [InlineData("t3_16384_vm.1", 3u)]
    public void A_temporary_relation_names_its_backend(string text, uint backend)
    {
        var name = Parse(text);

        Assert.Equal(backend, name.TemporaryBackend);
        Assert.Equal(text, name.ToString());
        Assert.True(name.IsTemporary);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("016384")]
    [InlineData("4294967296")]
    [InlineData("16384.")]
    [InlineData("16384.0")]
    [InlineData("16384.01")]
    [InlineData("16384_")]
    [InlineData("16384_main")]
    [InlineData("16384_FSM")]
    [InlineData("16384_fsm_vm")]
    [InlineData("16384.1_fsm")]
    [InlineData("16384.1.2")]
    [InlineData("16384 ")]
    [InlineData("-16384")]
    [InlineData("t_16384")]
    [InlineData("t3")]
    [InlineData("t3_")]
    [InlineData("t03_16384")]
    [InlineData("tt3_16384")]
    [InlineData("t3_t3_16384")]
    [InlineData("T3_16384")]
    [InlineData("PG_VERSION")]
    [InlineData("pg_filenode.map")]
    [InlineData("pg_internal.init")]
    [InlineData("pg_internal.init.4711")]
    [InlineData("pgsql_tmp3_0")]
    public void Other_files_are_not_relations(string text) => Assert.False(RelationFileName.TryParse(text, out _));

    [Fact]
    public void What_is_accepted_is_written_back_the_same()
    {
        var accepted = Mutation.Of(Encoding.ASCII.GetBytes("t3_16384_fsm.12"), 20_000)
            .SelectMany(bytes => Enumerable.Range(0, bytes.Length + 1).Select(length => Encoding.Latin1.GetString(bytes, 0, length)))
            .Where(text => RelationFileName.TryParse(text, out _))
            .ToHashSet();

        Assert.NotEmpty(accepted);
        Assert.All(accepted, text => Assert.Equal(text, Parse(text).ToString()));
    }

    private static RelationFileName Parse(string text)
    {
        Assert.True(RelationFileName.TryParse(text, out var name));
        return name;
    }
}
