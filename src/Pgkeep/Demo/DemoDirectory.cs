using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Repository;

namespace Pgkeep.Demo;

/// <summary>
/// Everything that a demo writes lies in one directory of /tmp, closed to other accounts: the server trusts whoever reaches its socket. The path is
/// short, for that of a Unix socket may have 107 characters.
/// </summary>
internal sealed class DemoDirectory
{
    private static readonly TimeSpan RemoveRetry = TimeSpan.FromMilliseconds(100);
    private const int RemoveAttempts = 30;

    private DemoDirectory(string root, Checkout checkout, Account? account)
    {
        Root = root;
        Checkout = checkout;
        Account = account;
    }

    public string Root { get; }

    public Checkout Checkout { get; }

    /// <summary>What root became; null where an ordinary account runs the demo.</summary>
    public Account? Account { get; }

    public string DataDirectory => Path.Combine(Root, "data");

    public RepositoryLayout Repository => RepositoryLayout.Of(Path.Combine(Root, "repository"), null);

    public string ServerLog => Path.Combine(Root, "server.log");

    public string RestoreLog => Path.Combine(Root, "restore.log");

    public string Configuration => Path.Combine(Root, "backup.env");

    /// <summary>Turns a process of root into one of the server's account for good, for PostgreSQL refuses root.</summary>
    public static async Task<DemoDirectory> CreateAsync(Checkout checkout, string program, CancellationToken cancellationToken)
    {
        var account = Posix.Account.IsRoot ? ServerAccount() : null;
        var isReachable = await checkout.IsRunnableByAsync(account, cancellationToken);
        var root = Directory.CreateTempSubdirectory("pgkeep-demo-").FullName;
        try
        {
            var used = isReachable ? checkout : checkout.CopyTo(Path.Combine(root, "pgkeep"), program, account);
            if (account is not null)
            {
                FileSystem.ChangeOwner(root, account.UserId, account.GroupId);
                Posix.Account.BecomeOwner(FileStatus.Of(root)!.Value);
            }

            Environment.SetEnvironmentVariable("HOME", root);
            return new DemoDirectory(root, used, account);
        }
        catch (Exception thrown)
        {
            Directory.Delete(root, recursive: true);
            throw PosixError.IsInputOutput(thrown) ? PosixError.From(thrown, "prepare the demo in", root) : thrown;
        }
    }

    /// <summary>An archive_command that a stopped server left behind may still write for a moment.</summary>
    public async Task RemoveAsync(TimeProvider time)
    {
        for (var attempt = 1; Directory.Exists(Root); attempt++)
        {
            try
            {
                Directory.Delete(Root, recursive: true);
            }
            catch (IOException) when (attempt < RemoveAttempts)
            {
                await Task.Delay(RemoveRetry, time, CancellationToken.None);
            }
            catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
            {
                throw PosixError.From(thrown, "remove", Root);
            }
        }
    }

    /// <summary>How many segments are in the archive.</summary>
    public int CountSegments() => Directory.Exists(Repository.WalDirectory)
        ? Directory.EnumerateFiles(Repository.WalDirectory).Count(path => WalSegmentName.TryParse(Path.GetFileName(path).Split('.')[0], out _) && path.EndsWith(".gz", StringComparison.Ordinal))
        : 0;

    private static Account ServerAccount() => Posix.Account.Find("postgres") ?? Posix.Account.Find("nobody")
        ?? throw new PgkeepException(ErrorKind.AccessDenied, "PostgreSQL does not run as root, and there is no account \"postgres\" or \"nobody\" here", "run the demo as an ordinary user");
}
