namespace Pgkeep.Postgres.Server;

/// <summary>How to reach a server, in libpq's terms. Null means: libpq's own default.</summary>
internal sealed record ConnectionSettings
{
    /// <summary>A host name, or the directory of a Unix socket.</summary>
    public string? Host { get; init; }

    public int? Port { get; init; }

    public string? User { get; init; }

    public string? Database { get; init; }

    public string? Password { get; init; }

    public string? PasswordFile { get; init; }

    public string? Service { get; init; }

    /// <summary>As libpq spells it: disable, allow, prefer, require, verify-ca, verify-full.</summary>
    public string? SslMode { get; init; }

    public string? SslRootCertificate { get; init; }

    /// <summary>What the server knows the session by; <c>synchronous_standby_names</c> lists such names.</summary>
    public string ApplicationName { get; init; } = "pgkeep";

    /// <summary>Settings of the session, as the server's own command line has them: <c>-c name=value</c>. They win over what the role and the database have.</summary>
    public string? SessionOptions { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For messages; never with the password.</summary>
    public override string ToString() => $"{User ?? Environment.UserName}@{Host ?? "local socket"}:{Port ?? 5432}/{Database ?? "postgres"}";
}
