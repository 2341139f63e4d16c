using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>An account's crontab, through the <c>crontab</c> program. Its text is handled as bytes (Latin-1 here), whatever its encoding.</summary>
internal sealed class Crontab
{
    private readonly string _program;
    private readonly string[] _account;

    private Crontab(string program, string[] account, string accountName)
    {
        _program = program;
        _account = account;
        AccountName = accountName;
    }

    public string AccountName { get; }

    /// <param name="account">Whose; root may choose any, everybody else only themselves.</param>
    public static Crontab Of(Account account, Func<string, string?> environment)
    {
        var program = ProgramPath.Find("crontab", environment("PATH"))
            ?? throw new PgkeepException(
                ErrorKind.Configuration, "there is no \"crontab\" program here, so cron cannot be told anything", "install it: sudo apt-get install cron");
        if (account.UserId == Account.CurrentUserId)
        {
            return new Crontab(program, [], account.Name);
        }

        return Account.IsRoot
            ? new Crontab(program, ["-u", account.Name], account.Name)
            : throw new PgkeepException(
                ErrorKind.AccessDenied, $"the repository belongs to \"{account.Name}\", and only that account or root may change its crontab", "run it with sudo");
    }

    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        var result = await ProgramRun.RunWithInputAsync(_program, [.. _account, "-l"], "", cancellationToken);
        return result switch
        {
            { ExitCode: 0 } => RequireWhole(result.Output),
            _ when result.Errors.Contains("no crontab for", StringComparison.Ordinal) => "",
            _ => throw Failed("read", result),
        };
    }

    public async Task WriteAsync(string text, CancellationToken cancellationToken)
    {
        var result = text.Length == 0
            ? await ProgramRun.RunWithInputAsync(_program, [.. _account, "-r"], "", cancellationToken)
            : await ProgramRun.RunWithInputAsync(_program, [.. _account, "-"], text, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw Failed("change", result);
        }
    }

    /// <summary>Text as this class passes it on.</summary>
    public static string Encode(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    public static string Decode(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));

    private string RequireWhole(string text) => CrontabText.IsDamaged(text)
        ? throw new PgkeepException(
            ErrorKind.Configuration,
            $"the crontab of \"{AccountName}\" has \"{CrontabText.Begin}\" or \"{CrontabText.End}\" without the other",
            "remove what is left of the block by hand: crontab -e; then run this again")
        : text;

    private PgkeepException Failed(string action, SeparateOutput result) => new(
        ErrorKind.AccessDenied, $"cannot {action} the crontab of \"{AccountName}\": {result.Errors.Trim()}", "see /etc/cron.allow and /etc/cron.deny");
}
