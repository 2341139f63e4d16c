using Pgkeep.Commands;

namespace Pgkeep.Tests.Support;

/// <summary>Runs a command line as the process would, without its streams, its environment and its signals.</summary>
internal sealed class Run
{
    public RecordingOutput Output { get; init; } = new();

    public Dictionary<string, string> Environment { get; init; } = [];

    public string WorkingDirectory { get; init; } = "/work";

    public CancellationToken CancellationToken { get; init; }

    private Surroundings Surroundings => new(Output, Environment.GetValueOrDefault, () => WorkingDirectory, TimeProvider.System);

    public Task<int> Line(params string[] words) => new CommandHost(Surroundings).RunAsync(words, CancellationToken);

    public Task<int> Command(Command command, params string[] words) =>
        new CommandHost(Surroundings).RunAsync(new CommandChoice(command, words), CancellationToken);
}
