namespace Pgkeep.Output.Reference;

/// <summary>Every page that is generated. They are committed, and a test compares them with a fresh generation.</summary>
internal static class ReferencePages
{
    public static IEnumerable<ReferencePage> All() => [];
}
