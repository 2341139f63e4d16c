using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class SqlStatementsTests
{
    [Theory]
    [InlineData("")]
    [InlineData(" \n;; -- nothing\n/* nor /* this */ ; */")]
    public void Without_words_there_is_no_statement(string text) => Assert.Empty(SqlStatements.Split(text));

    [Theory]
    [InlineData("SELECT ';'", "SELECT ';'")]
    [InlineData("SELECT 'it''s;'", "SELECT 'it''s;'")]
    [InlineData("SELECT E'a\\';b'", "SELECT E'a\\';b'")]
    [InlineData("SELECT 1 AS \"a;b\"", "SELECT 1 AS \"a;b\"")]
    [InlineData("DO $$BEGIN; END$$", "DO $$BEGIN; END$$")]
    [InlineData("DO $x$ $$;$$ $x$", "DO $x$ $$;$$ $x$")]
    [InlineData("SELECT 1 -- a; b\n+ 1", "SELECT 1 -- a; b\n+ 1")]
    [InlineData("SELECT /* ; /* ; */ ; */ 1", "SELECT /* ; /* ; */ ; */ 1")]
    [InlineData("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)")]
    [InlineData("SELECT a$1, ';'", "SELECT a$1, ';'")]
    [InlineData("SELECT $1", "SELECT $1")]
    [InlineData("SELECT 'open; end", "SELECT 'open; end")]
    public void A_semicolon_inside_of_something_ends_nothing(string text, string expected)
    {
        var statements = SqlStatements.Split(text + ";SELECT 2;");

        Assert.Equal(expected, text.Contains("open", StringComparison.Ordinal) ? expected : statements[0].Text);
        Assert.Equal(text.Contains("open", StringComparison.Ordinal) ? 1 : 2, statements.Count);
    }

    [Fact]
    public void Each_knows_its_line() =>
        Assert.Equal([new SqlStatement(2, "SELECT 1"), new SqlStatement(4, "SELECT\n2"), new SqlStatement(5, "SELECT 3")], SqlStatements.Split("-- first\nSELECT 1\n;\nSELECT\n2; SELECT 3"));

    [Fact]
    public void A_text_cut_anywhere_never_throws()
    {
        const string text = "SELECT E'a\\'', \"x\"\"y\", $t$ $ $t$, (1; 2) /* a /* b */ */ -- c\n; SELECT $$;$$";

        Assert.All(Enumerable.Range(0, text.Length), length => Assert.NotNull(SqlStatements.Split(text[..length])));
    }
}
