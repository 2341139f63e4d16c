using Pgkeep.Options;
using Pgkeep.Options.EnvironmentFiles;
using Pgkeep.Output.Reference;
using Xunit;

namespace Pgkeep.Tests.Output;

public sealed class SampleFileTests
{
    private static readonly string Sample = SampleFile.Generate().Text;

    [Fact]
    public void Copy_of_the_sample_says_nothing()
    {
        var read = EnvironmentFileText.Parse(Sample);

        Assert.Empty(read.Problems);
        Assert.Empty(read.Assignments);
    }

    [Fact]
    public void Sample_without_its_comment_signs_says_the_defaults()
    {
        var values = Uncommented().Assignments.ToDictionary(assignment => assignment.Name, assignment => assignment.Value);

        var options = OptionTable.All.Where(option => option.MayComeFrom(SourceKind.File)).ToList();
        Assert.Equal(options.Select(option => option.EnvironmentName!).Order(), values.Keys.Order());
        Assert.All(options.Where(option => option.Default is not null), option => Assert.Equal(option.Default, values[option.EnvironmentName!]));
        Assert.All(options, option => option.ParseUntyped(values[option.EnvironmentName!]));
    }

    private static EnvironmentFileText Uncommented()
    {
        var lines = Sample.Split('\n').Select(line => line.StartsWith('#') && !line.StartsWith("# ", StringComparison.Ordinal) ? line[1..] : line);

        return EnvironmentFileText.Parse(string.Join('\n', lines));
    }
}
