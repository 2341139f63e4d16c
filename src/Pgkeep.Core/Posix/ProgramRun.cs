using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <param name="Output">What it wrote, standard output and standard error together.</param>
/// <param name="Answer">Standard output alone, where what it says beside its answer goes to the other.</param>
internal sealed record ProgramResult(int ExitCode, string Output, string Answer);

/// <param name="Output">Bytes as Latin-1, so that none is lost.</param>
internal sealed record SeparateOutput(int ExitCode, string Output, string Errors);

/// <summary>Runs one of PostgreSQL's or the system's programs to its end.</summary>
internal static class ProgramRun
{
    /// <param name="program">A whole path: .NET looks for a bare name in the working directory before PATH.</param>
    /// <param name="account">As whom; null for this process's own account.</param>
    /// <exception cref="PgkeepException">It cannot be started. What it says by its exit code is the caller's to judge.</exception>
    public static async Task<ProgramResult> RunAsync(
        string program, IEnumerable<string> arguments, Account? account, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The caller's directory may be one that the account cannot enter.
            WorkingDirectory = "/",
        };
        // Messages are read by us as well as by people.
        start.Environment["LC_ALL"] = "C";
        // A server started from here must not take PGPORT for its own port, or hand PGPASSWORD to its archive_command.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        if (account is not null && Account.IsRoot && account.UserId != 0)
        {
            start.UserName = account.Name;
            start.Environment["HOME"] = account.Home;
        }

        using var process = Start(start, program);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return new ProgramResult(process.ExitCode, $"{await output}{await errors}".Trim(), (await output).Trim());
    }

    /// <summary>As this process's own account, with input, and nothing of the output changed.</summary>
    /// <param name="input">Bytes as Latin-1.</param>
    public static async Task<SeparateOutput> RunWithInputAsync(string program, IEnumerable<string> arguments, string input, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = Encoding.Latin1,
            StandardOutputEncoding = Encoding.Latin1,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        using var process = Start(start, program);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code and its words tell why.
        }

        await process.WaitForExitAsync(cancellationToken);
        return new SeparateOutput(process.ExitCode, await output, await errors);
    }

    private static Process Start(ProcessStartInfo start, string program)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception thrown)
        {
            throw new PgkeepException(ErrorKind.ServerFailed, $"cannot run \"{program}\": {thrown.Message}", thrown);
        }
    }
}
