using Pgkeep.Commands;
using Pgkeep.Options.Codecs;

namespace Pgkeep.Options;

/// <content>The rows that lead to the server.</content>
internal static partial class OptionTable
{
    public static Option<string?> Host { get; } = new()
    {
        Name = "host",
        EnvironmentName = "PGHOST",
        Codec = new TextCodec("HOST"),
        ComputedAs = "the local socket",
        Commands = CommandNames.Connecting,
        Summary = "Server to connect to: a host name, an address or a socket directory",
        Example = "localhost",
    };

    public static Option<int> Port { get; } = new()
    {
        Name = "port",
        EnvironmentName = "PGPORT",
        Codec = new IntegerCodec(1, 65_535),
        Default = "5432",
        Commands = CommandNames.Connecting,
        Summary = "Port of the server, also in the name of its socket",
    };

    public static Option<string?> User { get; } = new()
    {
        Name = "user",
        EnvironmentName = "PGUSER",
        Codec = new TextCodec("NAME"),
        ComputedAs = "the operating system's account",
        Commands = CommandNames.Connecting,
        Summary = "Role to log in as",
        Example = "platform",
    };

    public static Option<string> Database { get; } = new()
    {
        Name = "database",
        EnvironmentName = "PGDATABASE",
        Codec = new TextCodec("NAME"),
        Default = "postgres",
        Commands = [.. CommandNames.Connecting, CommandNames.Drill],
        Summary = "Database to connect to; the backup always holds all of them",
    };

    public static Option<Secret?> Password { get; } = new()
    {
        Name = "password",
        EnvironmentName = "PGPASSWORD",
        Sources = SourceKind.Environment | SourceKind.File,
        Codec = SecretCodec.Instance,
        ComputedAs = "from the passfile",
        Commands = CommandNames.Connecting,
        Summary = "Password of the role",
        Details = "Never on the command line, where every account of the machine can read it. A file that holds it must have mode 0600.",
    };

    public static Option<string?> Passfile { get; } = new()
    {
        Name = "passfile",
        EnvironmentName = "PGPASSFILE",
        Codec = new PathCodec("FILE"),
        ComputedAs = "~/.pgpass",
        Commands = CommandNames.Connecting,
        Summary = "File with passwords, as psql reads it",
        Example = "/var/lib/postgresql/.pgpass",
    };

    public static Option<string?> Service { get; } = new()
    {
        Name = "service",
        EnvironmentName = "PGSERVICE",
        Codec = new TextCodec("NAME"),
        ComputedAs = "none",
        Commands = CommandNames.Connecting,
        Summary = "Entry of the connection service file that fills in what is not given here",
        Example = "production",
    };

    public static Option<SslMode> SslMode { get; } = new()
    {
        Name = "sslmode",
        EnvironmentName = "PGSSLMODE",
        Codec = new ChoiceCodec<SslMode>(
            "MODE",
            new("disable", Options.SslMode.Disable, "never"),
            new("allow", Options.SslMode.Allow, "only if the server insists"),
            new("prefer", Options.SslMode.Prefer, "if the server can"),
            new("require", Options.SslMode.Require, "always, whoever answers"),
            new("verify-ca", Options.SslMode.VerifyCa, "always, with a certificate signed by a known authority"),
            new("verify-full", Options.SslMode.VerifyFull, "the same, and the certificate names the host")),
        Default = "prefer",
        Commands = CommandNames.Connecting,
        Summary = "When the connection is encrypted",
    };

    public static Option<string?> SslRootCert { get; } = new()
    {
        Name = "sslrootcert",
        EnvironmentName = "PGSSLROOTCERT",
        Codec = new TextCodec("FILE"),
        ComputedAs = "~/.postgresql/root.crt",
        Commands = CommandNames.Connecting,
        Summary = "Certificates of the authorities that are trusted; \"system\" for the machine's own",
        Example = "/etc/ssl/certs/ca-certificates.crt",
    };

    public static Option<TimeSpan> ConnectTimeout { get; } = new()
    {
        Name = "connect-timeout",
        EnvironmentName = "PGCONNECT_TIMEOUT",
        Codec = new DurationCodec(plainNumbersAreSeconds: true),
        Default = "10",
        Commands = CommandNames.Connecting,
        Summary = "How many seconds to wait for a connection; 0 waits for ever",
    };
}
