using Pgkeep.Postgres;
using Pgkeep.Streams.Codecs;

namespace Pgkeep.Repository;

/// <summary>The names of a backup's archives, which end as its codec says; those of its other files are always the same (<see cref="RepositoryLayout"/>).</summary>
internal readonly record struct ArchiveNames(Codec Codec)
{
    private const string TarSuffix = ".tar";

    /// <summary>The data directory.</summary>
    public string Main => Of("base");

    /// <summary>The WAL that makes the backup consistent by itself.</summary>
    public string Wal => Of("pg_wal");

    /// <summary>The configuration outside the data directory.</summary>
    public string Configuration => Of("config");

    public string OfTablespace(Oid tablespace) => Of($"{tablespace.Value}");

    /// <summary>The index beside an archive, whatever its codec.</summary>
    public static string IndexOf(string archive) => archive[..archive.LastIndexOf(TarSuffix, StringComparison.Ordinal)] + ".index.gz";

    private string Of(string content) => content + TarSuffix + Codec.Suffix;
}
