using System.ComponentModel;
using System.Diagnostics;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Demo;

/// <summary>
/// Runs a program to its end, whatever happens: when the demo is interrupted the program is asked to end too, and waited for, because a restore puts
/// the old cluster back then. It inherits this process's account and environment.
/// </summary>
internal static class Subprocess
{
    /// <summary>None of the demo's programs takes more than seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static async Task<SubprocessResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        using var process = Start(start);
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await using var ending = limit.Token.Register(() => ProcessTable.AskToEnd(process.Id));
        // To the end of the pipes, which every program below it holds open as well.
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var text = await errors + await output;
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return new SubprocessResult(process.ExitCode, text.Trim());
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception thrown)
        {
            throw new PgkeepException(ErrorKind.Configuration, $"cannot run \"{start.FileName}\": {thrown.Message}", thrown);
        }
    }
}
