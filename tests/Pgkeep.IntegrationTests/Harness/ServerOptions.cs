namespace Pgkeep.IntegrationTests.Harness;

/// <summary>What a test wants of its server beyond a plain one.</summary>
internal sealed record ServerOptions
{
    public bool DataChecksums { get; init; } = true;

    public int WalSegmentSizeInMiB { get; init; } = 16;

    /// <summary>The server's group may read the data directory.</summary>
    public bool GroupAccess { get; init; }

    /// <summary>Asks for SCRAM over TCP and sockets with this password of "postgres"; without it everybody is trusted.</summary>
    public string? Password { get; init; }

    /// <summary>Runs initdb itself. Otherwise the data directory is a copy, and copies share the system identifier.</summary>
    public bool OwnSystemIdentifier { get; init; }

    /// <summary>fsync=on, for tests of durability.</summary>
    public bool Durable { get; init; }

    /// <summary>Turns archive_mode on.</summary>
    public string? ArchiveCommand { get; init; }

    /// <summary>More lines of postgresql.conf; they win over the harness's own. Values are quoted here.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The server's own environment, which archive_command inherits.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
