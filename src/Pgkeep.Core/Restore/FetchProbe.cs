using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Restore;

/// <summary>
/// Runs the restore's own restore_command as the server will: as its account. A program in somebody's home directory, or a repository that only
/// root can read, would otherwise show after the old cluster has been moved away.
/// </summary>
internal static class FetchProbe
{
    /// <summary>The history of the last timeline there can be: proven absent is the answer of an archive that can be read.</summary>
    private const string AbsentFile = "FFFFFFFF.history";

    public static async Task RequireAsync(RestoreSettings settings, Account account, CancellationToken cancellationToken)
    {
        ProgramResult answer;
        try
        {
            answer = await ProgramRun.RunAsync(
                settings.Program, [.. RecoverySettings.GetWalWords(settings.Layout), AbsentFile, $"/nonexistent/{AbsentFile}"], account, cancellationToken);
        }
        catch (PgkeepException failure) when (failure.Kind == ErrorKind.ServerFailed)
        {
            throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"the server's account \"{account.Name}\" cannot run \"{settings.Program}\", which the recovery needs",
                failure,
                "nothing was changed; put pgkeep where every account can run it, such as /usr/local/bin, and start the restore from there");
        }

        if (answer.ExitCode != ErrorKinds.AbsentExitCode)
        {
            throw new PgkeepException(
                ErrorKind.AccessDenied,
                $"the server's account \"{account.Name}\" cannot fetch WAL with \"{settings.Program}\": {answer.Output.ReplaceLineEndings(" ")}",
                $"nothing was changed; let \"{account.Name}\" read all of \"{settings.Layout.BackupDirectory}\" and \"{settings.Layout.WalDirectory}\"");
        }
    }
}
