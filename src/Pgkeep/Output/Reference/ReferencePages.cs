using Pgkeep.Commands;

namespace Pgkeep.Output.Reference;

/// <summary>Every page that is generated. They are committed, and a test compares them with a fresh generation.</summary>
internal static class ReferencePages
{
    public static IEnumerable<ReferencePage> All() =>
    [
        IndexPage.Generate(),
        OptionsPage.Generate(),
        ExitCodesPage.Generate(),
        .. CommandList.Visible.Select(CommandPage.Generate),
        SampleFile.Generate(),
    ];
}
