using Pgkeep.Diagnostics;

namespace Pgkeep.Demo;

/// <param name="Output">What it wrote, standard error first.</param>
internal sealed record SubprocessResult(int ExitCode, string Output)
{
    /// <summary>A failure of pgkeep keeps its kind on the way through a script.</summary>
    /// <param name="log">Shown beside the output.</param>
    public void Require(string program, string? log = null)
    {
        if (ExitCode != 0)
        {
            var kind = ErrorKinds.All.FirstOrDefault(row => row.ExitCode == ExitCode)?.Kind ?? ErrorKind.Findings;
            throw new PgkeepException(kind, $"{program} ended with exit code {ExitCode}{LogTail.OfText("its output", Output)}{(log is null ? "" : LogTail.Of(log))}");
        }
    }
}
