using Pgkeep.Backup.Sources;
using Pgkeep.Backup.Streamed;
using Pgkeep.Diagnostics;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;

namespace Pgkeep.Backup;

/// <summary>
/// The way to the server that a backup takes, chosen and proven: a plan for its files, or where the role may not have them, one for
/// <c>pg_basebackup</c>.
/// </summary>
internal sealed class BackupAccess : IAsyncDisposable
{
    private BackupAccess()
    {
    }

    /// <summary>Null where only a replication session can be had.</summary>
    public ServerConnection? Connection { get; private set; }

    /// <summary>Null where <see cref="Stream"/> is not.</summary>
    public BackupPlan? Plan { get; private set; }

    public StreamPlan? Stream { get; private set; }

    public ServerFacts Server => Plan?.Server ?? Stream!.Server; // one of the two is there

    public RepositoryIdentity Identity => Plan?.Identity ?? Stream!.Identity; // one of the two is there

    public string Source => Plan is { } plan ? $"{plan.Files.Name}, {plan.WhyThisSource}" : $"{StreamPlan.SourceName}, {Stream!.WhyThisSource}";

    public static async Task<BackupAccess> OpenAsync(BackupSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        var access = new BackupAccess();
        try
        {
            await access.ChooseAsync(settings, time, cancellationToken);
            return access;
        }
        catch
        {
            await access.DisposeAsync();
            throw;
        }
    }

    public async Task<BackupOutset> OutsetAsync(CancellationToken cancellationToken) =>
        Plan is { } plan ? BackupOutset.Of(plan, cancellationToken) : await Stream!.OutsetAsync(cancellationToken); // one of the two is there

    public async ValueTask DisposeAsync()
    {
        Plan?.Files.Dispose();
        if (Stream is { } stream)
        {
            await stream.DisposeAsync();
        }

        if (Connection is { } connection)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task ChooseAsync(BackupSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        PgkeepException lacking;
        try
        {
            Connection = await ServerConnection.OpenAsync(settings.Connection, cancellationToken);
            if (settings.Source != SourceName.PgBasebackup)
            {
                Plan = await BackupPlan.MakeAsync(settings, Connection, cancellationToken);
                return;
            }

            Stream = await StreamPlan.MakeAsync(settings, Connection, "as asked for", time, cancellationToken);
            return;
        }
        catch (PgkeepException refused) when (Connection is null
            ? refused.Kind == ErrorKind.LoginRefused && settings.Source is (SourceName.Auto or SourceName.PgBasebackup)
            : refused.Kind == ErrorKind.AccessDenied && settings.Source == SourceName.Auto)
        {
            lacking = refused;
        }

        try
        {
            Stream = await StreamPlan.MakeAsync(settings, Connection, lacking.Message, time, cancellationToken);
        }
        catch (PgkeepException too)
        {
            throw new PgkeepException(lacking.Kind, $"{lacking.Message}; and with pg_basebackup, {too.Message}", [.. lacking.Hints, .. too.Hints]);
        }
    }
}
