using Pgkeep.Options.EnvironmentFiles;
using Xunit;

namespace Pgkeep.Tests.Options.EnvironmentFiles;

public sealed class EnvironmentFileTextTests
{
    /// <summary>The expected values are what dash 0.5.12 printed for $A after sourcing the text; bash 5.2 in POSIX mode agreed on all.</summary>
    [Theory]
    [InlineData("A=plain", "plain")]
    [InlineData("A=", "")]
    [InlineData("A=''", "")]
    [InlineData("A=\"\"", "")]
    [InlineData("export A=1", "1")]
    [InlineData("\\export A=1", "1")]
    [InlineData("export A=1 B=2\nA=3", "3")]
    [InlineData("A=1 B=2", "1")]
    [InlineData("A='it is'", "it is")]
    [InlineData("A=\"it is\"", "it is")]
    [InlineData("A=a'b c'\"d e\"f", "ab cd ef")]
    [InlineData("A='it'\\''s'", "it's")]
    [InlineData("A=a\\ b", "a b")]
    [InlineData("A=a\\\\b", "a\\b")]
    [InlineData("A=\\$x", "$x")]
    [InlineData("A=\\\"q\\\"", "\"q\"")]
    [InlineData("A=a\\'b", "a'b")]
    [InlineData("A=\"a\\\"b\"", "a\"b")]
    [InlineData("A=\"a\\\\b\"", "a\\b")]
    [InlineData("A=\"a\\$b\"", "a$b")]
    [InlineData("A=\"a\\`b\"", "a`b")]
    [InlineData("A=\"a\\nb\"", "a\\nb")]
    [InlineData("A=\"a\\'b\"", "a\\'b")]
    [InlineData("A='a\\nb'", "a\\nb")]
    [InlineData("A='$x `y` ${z}'", "$x `y` ${z}")]
    [InlineData("A=a#b", "a#b")]
    [InlineData("A=a #b", "a")]
    [InlineData("A='a #b'", "a #b")]
    [InlineData("# A=1\nA=2", "2")]
    [InlineData("  A=1", "1")]
    [InlineData("\tA=1", "1")]
    [InlineData("A=1 ", "1")]
    [InlineData("A=1\t# c", "1")]
    [InlineData("A=a\\\nb", "ab")]
    [InlineData("A=\"a\\\nb\"", "ab")]
    [InlineData("A='a\\\nb'", "a\\\nb")]
    [InlineData("A=\"a\nb\"", "a\nb")]
    [InlineData("A='a\nb'", "a\nb")]
    [InlineData("A=1\\\n B=2", "1")]
    [InlineData("A=\\\n1", "1")]
    [InlineData("A=one\nA=two", "two")]
    [InlineData("A=5$", "5$")]
    [InlineData("A=\"5$\"", "5$")]
    [InlineData("A=\"a$ b\"", "a$ b")]
    [InlineData("A=a$.b", "a$.b")]
    [InlineData("A=a$/b", "a$/b")]
    [InlineData("A=\"$.\"", "$.")]
    [InlineData("A=\"a$%b\"", "a$%b")]
    [InlineData("A=a=b", "a=b")]
    [InlineData("A==", "=")]
    [InlineData("A=a:b", "a:b")]
    [InlineData("A=*", "*")]
    [InlineData("A=[a]", "[a]")]
    [InlineData("A={a,b}", "{a,b}")]
    [InlineData("A=!x", "!x")]
    [InlineData("A=a~b", "a~b")]
    [InlineData("A=\"~\"", "~")]
    [InlineData("A='~/x'", "~/x")]
    [InlineData("A=\\~/x", "~/x")]
    [InlineData("A=a%b^c,d@e", "a%b^c,d@e")]
    [InlineData("A=#b", "#b")]
    [InlineData("A= #b", "")]
    [InlineData("A=\\#b", "#b")]
    [InlineData("export A='x y'", "x y")]
    [InlineData("export \"A=x y\"", "x y")]
    [InlineData("# only\n\n\nA=1", "1")]
    [InlineData("A=\"\"b", "b")]
    [InlineData("A='a''b'", "ab")]
    [InlineData("A=ä€", "ä€")]
    [InlineData("A=a\\\tb", "a\tb")]
    [InlineData("A=\"a\tb\"", "a\tb")]
    [InlineData("A='0 2 * * *'", "0 2 * * *")]
    [InlineData("export  A=1", "1")]
    [InlineData("A=1#", "1#")]
    [InlineData("#A=1\\\nA=2", "2")]
    [InlineData("A\\\n=1", "1")]
    [InlineData("A=\"'\"", "'")]
    [InlineData("A='\"'", "\"")]
    [InlineData("export A=1 # c", "1")]
    [InlineData("A=x\\\n\\\ny", "xy")]
    [InlineData("export A=a:b=c", "a:b=c")]
    [InlineData("A=\"a\\ b\"", "a\\ b")]
    [InlineData("A=\"\\\\\"", "\\")]
    [InlineData("A=\\\\", "\\")]
    [InlineData("A=a\\=b", "a=b")]
    public void Value_is_what_a_shell_has_after_sourcing_the_text(string text, string expected)
    {
        var read = EnvironmentFileText.Parse(text);

        Assert.Empty(read.Problems);
        Assert.Equal(expected, read.Assignments.Last(assignment => assignment.Name == "A").Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# only a comment")]
    [InlineData("  \t\n# A=1 \\\n")]
    [InlineData("export A")]
    [InlineData("export")]
    public void Nothing_is_assigned(string text)
    {
        var read = EnvironmentFileText.Parse(text);

        Assert.Empty(read.Problems);
        Assert.Empty(read.Assignments);
    }

    [Theory]
    [InlineData("A=1\r\nB='2'\r\n", "1", "2")]
    [InlineData("A=\"x\r\ny\"\r\nB=2", "x\ny", "2")]
    [InlineData("A=x\\\r\ny\r\nB=2\r\n", "xy", "2")]
    public void Line_ends_of_other_systems_are_tolerated(string text, string first, string second)
    {
        var read = EnvironmentFileText.Parse(text);

        Assert.Equal([first, second], read.Assignments.Select(assignment => assignment.Value));
    }

    [Fact]
    public void Assignment_remembers_the_line_in_which_it_begins()
    {
        var read = EnvironmentFileText.Parse("# head\nA='1\n2'\n\nexport \\\n  B=3 C=4\n");

        Assert.Equal([("A", 2), ("B", 6), ("C", 6)], read.Assignments.Select(assignment => (assignment.Name, assignment.Line)));
    }

    [Theory]
    [InlineData("A=$HOME", "a \"$\" would be expanded by a shell")]
    [InlineData("A=${HOME}", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$(id)", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$((1+1))", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$[1+1]", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$'x'", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$\"x\"", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$$", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$1", "a \"$\" would be expanded by a shell")]
    [InlineData("A=$?", "a \"$\" would be expanded by a shell")]
    [InlineData("A=\"$HOME/x\"", "a \"$\" would be expanded by a shell, in double quotes too")]
    [InlineData("A=\"$(id)\"", "a \"$\" would be expanded by a shell, in double quotes too")]
    [InlineData("A=`id`", "a backquote would run a command")]
    [InlineData("A=\"`id`\"", "a backquote would run a command")]
    [InlineData("A=1; B=2", "an unquoted \";\" ends the value in a shell")]
    [InlineData("A=a&b", "an unquoted \"&\" ends the value in a shell")]
    [InlineData("A=a|b", "an unquoted \"|\" ends the value in a shell")]
    [InlineData("A=a<b", "an unquoted \"<\" ends the value in a shell")]
    [InlineData("A=a>b", "an unquoted \">\" ends the value in a shell")]
    [InlineData("A=(a b)", "an unquoted \"(\" ends the value in a shell")]
    [InlineData("A=a)", "an unquoted \")\" ends the value in a shell")]
    [InlineData("A=~/x", "a \"~\" would be expanded by a shell")]
    [InlineData("A=/x:~/y", "a \"~\" would be expanded by a shell")]
    [InlineData("A='x", "a single quote is not closed")]
    [InlineData("A=it's", "a single quote is not closed")]
    [InlineData("A=\"x", "a double quote is not closed")]
    [InlineData("A=\"x\\\"", "a double quote is not closed")]
    [InlineData("A=x\\", "the file ends with a backslash")]
    [InlineData("A=0 2 * * *", "a blank ends the value, and a shell would run what follows it")]
    public void What_a_shell_would_act_on_is_refused_with_the_name_and_the_line(string text, string message)
    {
        var problem = Assert.Single(EnvironmentFileText.Parse("B=1\n" + text).Problems);

        Assert.Equal((2, "A", message), (problem.Line, problem.Name, problem.Message));
    }

    [Theory]
    [InlineData("echo")]
    [InlineData("set -a")]
    [InlineData(". other.env")]
    [InlineData("A =1")]
    [InlineData("\"A\"=1")]
    [InlineData("A\"B\"=1")]
    [InlineData("1A=1")]
    [InlineData("A-B=1")]
    [InlineData("A+=1")]
    [InlineData("A[0]=1")]
    [InlineData("=1")]
    [InlineData("export -p")]
    [InlineData("export 1A=1")]
    public void Line_that_is_no_assignment_is_refused(string text)
    {
        var problem = Assert.Single(EnvironmentFileText.Parse(text).Problems);

        Assert.Equal("this is not an assignment", problem.Message);
        Assert.Equal("write NAME=value; commands are not run here", problem.Hint);
    }

    [Fact]
    public void All_problems_are_found_at_once()
    {
        var read = EnvironmentFileText.Parse("A=$x\nB=ok\nC=a b\nls\nD=\"x\n");

        Assert.Equal([1, 3, 4, 5], read.Problems.Select(problem => problem.Line));
        Assert.Equal("ok", Assert.Single(read.Assignments, assignment => assignment.Name == "B").Value);
    }

    [Theory]
    [InlineData("PGPASSWORD=s3cret$x")]
    [InlineData("PGPASSWORD=one s3cret")]
    [InlineData("PGPASSWORD=one\ns3cret")]
    [InlineData("PGPASSWORD=s3cret;more")]
    [InlineData("PGPASSWORD='s3cret")]
    [InlineData("PGPASSWORD=\"s3cret")]
    public void Problem_never_quotes_the_file(string text)
    {
        var read = EnvironmentFileText.Parse(text);

        Assert.NotEmpty(read.Problems);
        Assert.All(read.Problems, problem => Assert.DoesNotContain("s3cret", problem.ToString(), StringComparison.Ordinal));
        Assert.All(read.Assignments, assignment => Assert.DoesNotContain("s3cret", assignment.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Arbitrary_text_gives_an_answer(int seed)
    {
        const string Characters = "AB=_'\"\\$`~#;&|<>() \t\n\r!{}x1";
        var random = new Random(seed);

        for (var round = 0; round < 20_000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => Characters[random.Next(Characters.Length)]));

            var read = EnvironmentFileText.Parse(text);

            Assert.All(read.Assignments, assignment => Assert.True(ShellWord.IsName(assignment.Name)));
        }
    }
}
