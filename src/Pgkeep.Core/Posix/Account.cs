using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>A line of the account database. PostgreSQL's own programs refuse root, and what root writes the server cannot read.</summary>
internal sealed record Account(string Name, uint UserId, uint GroupId, string Home)
{
    public static bool IsRoot => Libc.GetEffectiveUserId() == 0;

    public static uint CurrentUserId => Libc.GetEffectiveUserId();

    /// <summary>From /etc/passwd, where a server's account belongs; null where it is not.</summary>
    public static Account? Find(uint userId) => ReadAll().FirstOrDefault(account => account.UserId == userId);

    public static Account? Find(string name) => ReadAll().FirstOrDefault(account => account.Name == name);

    /// <summary>
    /// Turns a process of root into one of <paramref name="owner"/> for good, so that nothing in a repository ever belongs to root. Does
    /// nothing where the process is not root's, or the owner is root.
    /// </summary>
    public static void BecomeOwner(FileStatus owner)
    {
        if (!IsRoot || owner.UserId == 0)
        {
            return;
        }

        var account = Find(owner.UserId) ?? new Account("", owner.UserId, owner.GroupId, "/");
        var done = (account.Name.Length == 0 || Libc.InitializeGroups(account.Name, account.GroupId) == 0)
            && Libc.SetGroupId(account.GroupId) == 0
            && Libc.SetUserId(account.UserId) == 0;
        if (!done)
        {
            throw new PgkeepException(ErrorKind.AccessDenied, $"cannot become account {account.UserId} \"{account.Name}\"");
        }
    }

    /// <summary>Gives this account a file or directory that root has made; whatever anybody else makes belongs to them already.</summary>
    public void Own(string path)
    {
        if (IsRoot)
        {
            FileSystem.ChangeOwner(path, UserId, GroupId);
        }
    }

    private static IEnumerable<Account> ReadAll()
    {
        foreach (var line in File.ReadLines("/etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 6 && uint.TryParse(fields[2], out var uid) && uint.TryParse(fields[3], out var gid))
            {
                yield return new Account(fields[0], uid, gid, fields[5]);
            }
        }
    }
}
