namespace Pgkeep.Options;

/// <summary>libpq's sslmode (PostgreSQL manual, "SSL Support").</summary>
internal enum SslMode
{
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}
