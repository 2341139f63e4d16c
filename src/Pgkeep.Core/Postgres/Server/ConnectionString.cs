using Npgsql;
using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>From libpq's terms to Npgsql's.</summary>
internal static class ConnectionString
{
    /// <summary>Where Debian's and PostgreSQL's own builds put the server's socket; libpq is built with one of them.</summary>
    private static readonly string[] SocketDirectories = ["/var/run/postgresql", "/tmp"];

    public static NpgsqlDataSource Build(ConnectionSettings settings)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(TextOf(settings));
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        return builder.Build();
    }

    /// <summary>The service's entry and libpq's defaults filled in: host, port, user and database are there.</summary>
    public static ConnectionSettings Resolve(ConnectionSettings settings)
    {
        settings = settings.Service is { } service ? ServiceFile.Apply(settings, service) with { Service = null } : settings;
        var port = settings.Port ?? 5432;
        return settings with
        {
            Host = settings.Host ?? DefaultHost(port),
            Port = port,
            User = settings.User ?? Environment.UserName,
            Database = settings.Database ?? "postgres",
        };
    }

    public static string TextOf(ConnectionSettings settings)
    {
        settings = Resolve(settings);
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = settings.Host,
            Port = settings.Port!.Value, // resolved
            Username = settings.User,
            Database = settings.Database,
            ApplicationName = settings.ApplicationName,
            Timeout = Math.Clamp((int)settings.ConnectTimeout.TotalSeconds, 0, 1024),
            SslMode = SslModeOf(settings.SslMode),
            Pooling = false,
            KeepAlive = 60,
            // Ctrl-C asks the server to stop; a server that does not answer must not hold us.
            CancellationTimeout = 2000,
        };
        if (text.Host is not ['/', ..])
        {
            // In seconds: a dead network is noticed within three minutes although pg_backup_stop may wait for hours. A Unix socket refuses these.
            (text.TcpKeepAlive, text.TcpKeepAliveTime, text.TcpKeepAliveInterval) = (true, 60, 10);
        }

        if (settings.SessionOptions is { } options)
        {
            text.Options = options;
        }

        if (settings.Password is { } password)
        {
            text.Password = password;
        }

        if (settings.PasswordFile is { } file)
        {
            text.Passfile = file;
        }

        if (settings.SslRootCertificate is { } certificate)
        {
            text.RootCertificate = certificate;
        }

        return text.ConnectionString;
    }

    private static string DefaultHost(int port) =>
        SocketDirectories.FirstOrDefault(directory => File.Exists(Path.Combine(directory, $".s.PGSQL.{port}"))) ?? "localhost";

    private static SslMode SslModeOf(string? name) => name switch
    {
        null or "prefer" => SslMode.Prefer,
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        _ => throw new PgkeepException(ErrorKind.Configuration, $"\"{name}\" is not an sslmode", "use disable, allow, prefer, require, verify-ca or verify-full"),
    };
}
