namespace Pgkeep.IntegrationTests.Harness;

/// <summary>How a program is run. The environment holds PATH and LANG=C.UTF-8 besides; nothing of the developer's own gets through.</summary>
internal sealed record RunOptions
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(120);

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>What the program reads from standard input, which then ends.</summary>
    public string Input { get; init; } = "";

    /// <summary>Standard input does not end, and <see cref="RunningProgram.TypeAsync"/> adds to it.</summary>
    public bool KeepsInputOpen { get; init; }

    public TimeSpan Timeout { get; init; } = DefaultTimeout;
}
