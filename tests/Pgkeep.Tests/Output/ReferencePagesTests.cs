using Pgkeep.Output.Reference;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class ReferencePagesTests
{
    public static TheoryData<string> Pages => [.. ReferencePages.All().Select(page => page.Path)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Committed_page_is_what_is_generated(string path)
    {
        var page = ReferencePages.All().Single(page => page.Path == path);

        Approved.Check(Path.Join("docs", path), page.Text);
    }

    [Fact]
    public void No_page_is_left_of_a_command_that_is_gone()
    {
        var generated = ReferencePages.All().Select(page => page.Path).Where(path => Path.GetDirectoryName(path) == "reference");

        var committed = Directory.GetFiles(Path.Join(Project.Root, "docs", "reference")).Select(Path.GetFileName);

        Assert.Equal(generated.Select(Path.GetFileName).Order(), committed.Order());
    }
}
