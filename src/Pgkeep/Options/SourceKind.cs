namespace Pgkeep.Options;

/// <summary>Where a value may come from, the first that has one wins.</summary>
[Flags]
internal enum SourceKind
{
    Default = 0,
    CommandLine = 1,
    Environment = 2,
    File = 4,
    Anywhere = CommandLine | Environment | File,
}
