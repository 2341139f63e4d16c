using Pgkeep.Posix;

namespace Pgkeep.Demo;

/// <summary>What a person can type after <c>--keep</c>, ready to copy: these lines are uncut, however wide.</summary>
internal sealed class NextSteps
{
    private readonly DemoDirectory _directory;
    private readonly DemoServer _server;
    private readonly DemoOutcome _outcome;
    private readonly IReadOnlyList<string> _misleading;

    /// <param name="misleading">Variables of the caller that would lead these commands to another server or repository.</param>
    public NextSteps(DemoDirectory directory, DemoServer server, DemoOutcome outcome, IReadOnlyList<string> misleading)
    {
        _directory = directory;
        _server = server;
        _outcome = outcome;
        _misleading = misleading;
    }

    public void Tell(Story story)
    {
        if (_misleading.Count > 0)
        {
            Tell(story, "First forget the variables of yours that lead elsewhere:", $"unset {string.Join(' ', _misleading)}");
        }

        var checkout = _directory.Checkout;
        Tell(story, "Look around:", _server.PsqlCommand);
        Tell(story, "Use this repository from here on, and list its backups:", $"export PGKEEP_CONFIG={_directory.Configuration}", $"{ShellQuote.Word(checkout.Binary)} list");
        Tell(
            story,
            "Do another restore, to the end of the backup (any moment since then will do):",
            $"{ShellQuote.Word(checkout.RestoreScript)} \\",
            $"  {_outcome.Backup} \\",
            $"  \"{_outcome.BackupOver}\"");
        var stop = ShellQuote.Join(_server.StopCommand);
        Tell(story, "End it:", _directory.Account is { } account ? $"runuser -u {account.Name} -- {stop}" : stop, $"rm -r {_directory.Root}");
        story.Say($"Logs: {_directory.ServerLog}, {_directory.RestoreLog}");
        story.Say("");
    }

    private static void Tell(Story story, string purpose, params IReadOnlyList<string> lines)
    {
        story.Say(purpose);
        foreach (var line in lines)
        {
            story.Say("  " + line);
        }

        story.Say("");
    }
}
