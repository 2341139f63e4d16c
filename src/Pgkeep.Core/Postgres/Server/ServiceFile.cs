using Pgkeep.Diagnostics;

namespace Pgkeep.Postgres.Server;

/// <summary>libpq's connection services: PGSERVICE names a section of PGSERVICEFILE, ~/.pg_service.conf or PGSYSCONFDIR/pg_service.conf (PostgreSQL manual, "The Connection Service File").</summary>
internal static class ServiceFile
{
    /// <summary>What the settings name themselves wins over the service.</summary>
    public static ConnectionSettings Apply(ConnectionSettings settings, string service)
    {
        var values = Candidates().Where(File.Exists).Select(path => ReadSection(path, service)).FirstOrDefault(found => found is not null)
            ?? throw new PgkeepException(ErrorKind.Configuration, $"there is no connection service \"{service}\"", "it belongs into ~/.pg_service.conf or the file that PGSERVICEFILE names");
        return settings with
        {
            Host = settings.Host ?? values.GetValueOrDefault("host"),
            Port = settings.Port ?? (int.TryParse(values.GetValueOrDefault("port"), out var port) ? port : null),
            User = settings.User ?? values.GetValueOrDefault("user"),
            Database = settings.Database ?? values.GetValueOrDefault("dbname"),
            Password = settings.Password ?? values.GetValueOrDefault("password"),
            PasswordFile = settings.PasswordFile ?? values.GetValueOrDefault("passfile"),
            SslMode = settings.SslMode ?? values.GetValueOrDefault("sslmode"),
            SslRootCertificate = settings.SslRootCertificate ?? values.GetValueOrDefault("sslrootcert"),
        };
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable("PGSERVICEFILE") is { Length: > 0 } named)
        {
            yield return named;
        }

        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pg_service.conf");
        yield return Path.Combine(Environment.GetEnvironmentVariable("PGSYSCONFDIR") ?? "/etc/postgresql-common", "pg_service.conf");
    }

    private static Dictionary<string, string>? ReadSection(string path, string service)
    {
        Dictionary<string, string>? section = null;
        foreach (var line in File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line.StartsWith('['))
            {
                if (section is not null)
                {
                    break;
                }

                section = line == $"[{service}]" ? [] : null;
            }
            else if (section is not null && line.IndexOf('=') is var equals and > 0)
            {
                section[line[..equals].Trim()] = line[(equals + 1)..].Trim();
            }
        }

        return section;
    }
}
