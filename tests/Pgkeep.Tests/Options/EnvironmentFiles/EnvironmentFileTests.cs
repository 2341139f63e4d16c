using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Options.EnvironmentFiles;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Options.EnvironmentFiles;

public sealed class EnvironmentFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Last_assignment_of_a_name_holds()
    {
        var file = EnvironmentFile.Read(_directory.Write("backup.env", "A=1\nB=2\nA=3\n"), mustExist: true);

        Assert.Equal(new Assignment("A", "3", 3), file.Find("A"));
        Assert.Null(file.Find("C"));
    }

    [Fact]
    public void Missing_file_is_empty_when_nobody_named_it()
    {
        var file = EnvironmentFile.Read(Path.Join(_directory.Path, "none", "backup.env"), mustExist: false);

        Assert.Empty(file.Assignments);
    }

    [Fact]
    public void Missing_file_that_was_named_is_an_error()
    {
        var exception = Assert.Throws<PgkeepException>(() => EnvironmentFile.Read("/nonexistent/backup.env", mustExist: true));

        Assert.Equal(ErrorKind.Configuration, exception.Kind);
        Assert.Equal("the file \"/nonexistent/backup.env\" does not exist", exception.Message);
    }

    [Fact]
    public void Directory_is_an_error()
    {
        var exception = Assert.Throws<PgkeepException>(() => EnvironmentFile.Read(_directory.Path, mustExist: false));

        Assert.Equal($"\"{_directory.Path}\" is a directory, not a file of options", exception.Message);
    }

    [Fact]
    public void File_larger_than_the_bound_is_an_error()
    {
        var path = _directory.Write("backup.env", "#" + new string('x', 1 << 20));

        var exception = Assert.Throws<PgkeepException>(() => EnvironmentFile.Read(path, mustExist: true));

        Assert.Equal($"\"{path}\" is larger than 1 MiB: not a file of options", exception.Message);
    }

    [Fact]
    public void File_of_exactly_the_bound_is_read()
    {
        var path = _directory.Write("backup.env", "A=1\n#" + new string('x', (1 << 20) - 5));

        Assert.Equal("1", EnvironmentFile.Read(path, mustExist: true).Find("A")?.Value);
    }

    [Fact]
    public void File_with_a_nul_byte_is_an_error()
    {
        var path = _directory.Write("backup.env", "A=\0");

        var exception = Assert.Throws<PgkeepException>(() => EnvironmentFile.Read(path, mustExist: true));

        Assert.Equal($"\"{path}\" contains a NUL byte: not a file of options", exception.Message);
    }

    [Fact]
    public void File_that_is_not_utf8_is_an_error()
    {
        var path = _directory.Write("backup.env", "");
        File.WriteAllBytes(path, [(byte)'A', (byte)'=', 0xE4, (byte)'\n']);

        var exception = Assert.Throws<PgkeepException>(() => EnvironmentFile.Read(path, mustExist: true));

        Assert.Equal($"\"{path}\" is not UTF-8 text", exception.Message);
    }

    [Fact]
    public void Byte_order_mark_is_skipped()
    {
        Assert.Equal("1", EnvironmentFile.Read(_directory.Write("backup.env", "\uFEFFA=1"), mustExist: true).Find("A")?.Value);
    }

    [Fact]
    public void Problem_says_where_it_is_and_what_to_write_instead()
    {
        var path = _directory.Write("backup.env", "\nPGPASSWORD=\"a$b\"\n");

        var problem = Assert.Single(EnvironmentFile.Read(path, mustExist: true).Problems);

        Assert.Equal($"{path}:2: PGPASSWORD: a \"$\" would be expanded by a shell, in double quotes too", problem.Message);
        Assert.Equal("write the value in single quotes, in which everything is literal: PGPASSWORD='…'", problem.Hint);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.GroupWrite, "0620")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    [InlineData(UnixFileMode.OtherWrite, "0602")]
    public void File_with_a_secret_that_others_may_read_or_write_is_refused(UnixFileMode others, string mode)
    {
        var path = _directory.Write("backup.env", "PGPASSWORD=s3cret\n", OwnerOnly | others);

        var problem = EnvironmentFile.Read(path, mustExist: true).CheckSecrets([OptionTable.Password]);

        Assert.Equal($"{path} holds PGPASSWORD, and its mode {mode} opens it to other accounts", problem?.Message);
        Assert.Equal($"chmod 0600 {path}", problem?.Hint);
    }

    [Theory]
    [InlineData("PGPASSWORD=s3cret\n", OwnerOnly)]
    [InlineData("PGPASSWORD=\n", OwnerOnly | UnixFileMode.GroupRead)]
    [InlineData("PGUSER=platform\n", OwnerOnly | UnixFileMode.OtherRead)]
    public void File_is_accepted_when_it_holds_no_secret_or_nobody_else_may_read_it(string text, UnixFileMode mode)
    {
        var path = _directory.Write("backup.env", text, mode);

        Assert.Null(EnvironmentFile.Read(path, mustExist: true).CheckSecrets([OptionTable.Password]));
    }
}
