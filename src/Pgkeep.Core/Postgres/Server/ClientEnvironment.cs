using System.Globalization;

namespace Pgkeep.Postgres.Server;

/// <summary>Our connection in the variables of libpq (manual, "Environment Variables"), for one of PostgreSQL's client programs.</summary>
internal static class ClientEnvironment
{
    /// <summary>Where the caller has one of these, it would lead the program to another server or session than ours.</summary>
    private static readonly string[] Misleading =
        ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "LANGUAGE"];

    /// <summary>Changes to this process's own; null takes a variable away.</summary>
    public static IReadOnlyDictionary<string, string?> Of(ConnectionSettings settings)
    {
        settings = ConnectionString.Resolve(settings);
        var environment = Misleading.ToDictionary(name => name, _ => (string?)null);
        environment["PGHOST"] = settings.Host;
        environment["PGPORT"] = settings.Port?.ToString(CultureInfo.InvariantCulture);
        environment["PGUSER"] = settings.User;
        environment["PGAPPNAME"] = "pgkeep";
        environment["PGCONNECT_TIMEOUT"] = ((int)settings.ConnectTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        // The program's own words; what the server says is in the server's language.
        environment["LC_ALL"] = "C";
        Set("PGPASSWORD", settings.Password);
        Set("PGPASSFILE", settings.PasswordFile);
        Set("PGSSLMODE", settings.SslMode);
        Set("PGSSLROOTCERT", settings.SslRootCertificate);
        return environment;

        void Set(string name, string? value)
        {
            if (value is not null)
            {
                environment[name] = value;
            }
        }
    }
}
