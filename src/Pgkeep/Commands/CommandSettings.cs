using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Posix;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Commands;

/// <summary>From option values to the records that the core understands; it never sees an option.</summary>
internal static class CommandSettings
{
    public static RepositoryLayout Layout(CommandContext context) =>
        RepositoryLayout.Of(context.Get(OptionTable.BackupDir), context.Get(OptionTable.WalArchiveDir));

    /// <summary>
    /// The same, for a command that writes into the repository or reads what only its owner may: root becomes that owner, so that no file in a
    /// repository ever belongs to root and stops the server's own account.
    /// </summary>
    public static RepositoryLayout LayoutAsOwner(CommandContext context)
    {
        var layout = Layout(context);
        if (Account.IsRoot && FileStatus.OfTarget(layout.BackupDirectory) is { } owner)
        {
            if (owner.UserId == 0)
            {
                throw new PgkeepException(
                    ErrorKind.AccessDenied,
                    $"\"{layout.BackupDirectory}\" belongs to root, and the server could not write into it",
                    $"give it to the server's account: chown -R postgres:postgres \"{layout.BackupDirectory}\"");
            }

            Account.BecomeOwner(owner);
        }

        return layout;
    }

    public static ConnectionSettings Connection(CommandContext context) => new()
    {
        Host = context.Get(OptionTable.Host),
        Port = context.Values.IsSet(OptionTable.Port) ? context.Get(OptionTable.Port) : null,
        User = context.Get(OptionTable.User),
        Database = context.Values.IsSet(OptionTable.Database) ? context.Get(OptionTable.Database) : null,
        Password = context.Get(OptionTable.Password)?.Reveal(),
        PasswordFile = context.Get(OptionTable.Passfile),
        Service = context.Get(OptionTable.Service),
        SslMode = context.Values.IsSet(OptionTable.SslMode) ? context.Values.Find(OptionTable.SslMode).Text : null,
        SslRootCertificate = context.Get(OptionTable.SslRootCert),
        ConnectTimeout = context.Get(OptionTable.ConnectTimeout),
    };

    /// <summary>Of a backup's archives.</summary>
    public static Compression Compression(CommandContext context)
    {
        var codec = context.Get(OptionTable.Compress);
        var level = context.Get(OptionTable.CompressLevel);
        if (codec.HighestLevel > 0 && level > codec.HighestLevel)
        {
            throw new PgkeepException(
                ErrorKind.Configuration,
                $"compress-level: {level} is not a whole number from 1 to {codec.HighestLevel}, the levels of {codec} ({context.Values.Find(OptionTable.CompressLevel).Source})",
                "take a level of this codec, or another with --compress");
        }

        return new Compression(codec, Math.Min(level, codec.HighestLevel));
    }

    /// <summary>Of the WAL archive, which is gzip: a level that gzip does not have was meant for the backups' codec, and must not stop the archiving.</summary>
    public static int WalLevel(CommandContext context) =>
        context.Get(OptionTable.CompressLevel) is var level && level <= Codec.Gzip.HighestLevel ? level : Codec.Gzip.DefaultLevel;

    /// <summary>Before the command's work begins.</summary>
    public static void ApplyPriority(CommandContext context)
    {
        if (context.Get(OptionTable.Priority) == Priority.Low)
        {
            WorkPriority.Lower();
        }
    }

    /// <summary>The runbook shows the lines of backup.log on the terminal, with their times.</summary>
    public static string Stamp(CommandContext context, string line) => $"[{context.Time.GetLocalNow():yyyy-MM-dd HH:mm:ss}] {line}";

    /// <summary>Absolute path of this program, for the commands that a server calls.</summary>
    public static string Program => Environment.ProcessPath ?? throw new PgkeepException(ErrorKind.Configuration, "cannot tell where this program lies");
}
