namespace Pgkeep.Backup.Sources;

/// <summary>How the bytes of a backup are got out of the server.</summary>
internal enum SourceName
{
    /// <summary>The first of the others that can be had.</summary>
    Auto,

    /// <summary>Its files, on this host.</summary>
    Files,

    /// <summary>Its functions that read files, over ordinary connections.</summary>
    Sql,

    /// <summary>PostgreSQL's own program for base backups, for a role that has REPLICATION alone.</summary>
    PgBasebackup,
}
