using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>Somebody's own commands, run by a shell as the account that pgkeep runs as; what one of them is not given for goes the machine's way.</summary>
internal sealed class CommandService(ServiceCommands commands, IServerService otherwise) : IServerService
{
    private const string Shell = "/bin/sh";

    public string Name => commands switch
    {
        { Stop: { } stop, Start: { } start } => $"{stop}; {start}",
        { Stop: { } stop } => $"{stop}; start: {otherwise.Name}",
        _ => $"{commands.Start}; stop: {otherwise.Name}",
    };

    public Task<ProgramResult> StopAsync() => commands.Stop is { } command ? RunAsync(command) : otherwise.StopAsync();

    public Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options) => commands.Start is { } command ? RunAsync(command) : otherwise.StartAsync(log, options);

    /// <summary>A server that the command leaves behind keeps its output open: nobody may wait for the end of that.</summary>
    private static async Task<ProgramResult> RunAsync(string command)
    {
        var output = Path.GetTempFileName();
        try
        {
            var result = await ProgramRun.RunAsync(Shell, ["-c", "exec >\"$0\" 2>&1; eval \"$1\"", output, command], null, CancellationToken.None);
            return result with { Output = await File.ReadAllTextAsync(output) is { Length: > 0 } said ? said.Trim() : result.Output };
        }
        finally
        {
            File.Delete(output);
        }
    }
}
