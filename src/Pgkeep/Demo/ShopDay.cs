using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Output;
using Pgkeep.Postgres.Server;
using Pgkeep.Repository;
using Pgkeep.Storage.Local;

namespace Pgkeep.Demo;

/// <summary>
/// The story: a shop, a backup while it is open, an accident, and the way back to the moment before, through the same scripts that a person or cron
/// would call. Nothing is believed: what comes back is compared with what was there.
/// </summary>
internal sealed class ShopDay
{
    private const int OrdersAfterBackup = 20_000;
    private const int OrdersAfterMoment = 500;
    private const int FirstLateOrder = Shop.FirstOrders + OrdersAfterBackup + 1;

    private readonly DemoDirectory _directory;
    private readonly DemoServer _server;
    private readonly Story _story;
    private readonly TimeProvider _time;

    public ShopDay(DemoDirectory directory, DemoServer server, Story story, TimeProvider time)
    {
        _directory = directory;
        _server = server;
        _story = story;
        _time = time;
    }

    public async Task<DemoOutcome> LiveAsync(CancellationToken cancellationToken)
    {
        var (backup, over, moment, before) = await LiveUntilAccidentAsync(cancellationToken);
        var restore = await _story.StepAsync("The restore", () => RestoreAsync(backup, moment, cancellationToken));
        await _story.StepAsync("The proof", () => ProveAsync(before, cancellationToken));
        return new DemoOutcome(backup, over, restore);
    }

    private async Task<(string Backup, string BackupOver, string Moment, ShopState Before)> LiveUntilAccidentAsync(CancellationToken cancellationToken)
    {
        await _story.StepAsync("A shop opens", () => OpenAsync(cancellationToken));
        await using var session = await _server.ConnectAsync(Shop.DatabaseName, cancellationToken);
        await _story.StepAsync("WAL is archived", () => ArchiveAsync(session, cancellationToken));

        var backup = "";
        var taken = 0;
        await _story.StepAsync("A backup", async () =>
        {
            (backup, taken, var text) = await BackUpAsync(cancellationToken);
            return text;
        });

        var over = Exactly(await NowAsync(session, cancellationToken));
        var moment = "";
        ShopState? before = null;
        await _story.StepAsync("Business goes on", async () =>
        {
            (moment, before, var text) = await GoOnAsync(session, taken, cancellationToken);
            return text;
        });
        await _story.StepAsync("The accident", () => SufferAsync(session, cancellationToken));
        return (backup, over, moment, before!);
    }

    private async Task<string> OpenAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken);
        await using (var session = await _server.ConnectAsync("postgres", cancellationToken))
        {
            await Shop.CreateDatabaseAsync(session, cancellationToken);
        }

        await using var shop = await _server.ConnectAsync(Shop.DatabaseName, cancellationToken);
        await Shop.OpenAsync(shop, cancellationToken);
        return $"server started, {Shop.Number(Shop.Customers)} customers and {Shop.Number(Shop.FirstOrders)} orders written";
    }

    private async Task<string> ArchiveAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        await _server.ArchiveAsync(session, cancellationToken);
        return $"{_directory.CountSegments()} segments stored by scripts/archive-wal.sh, each checked";
    }

    private async Task<(string Backup, int Taken, string Text)> BackUpAsync(CancellationToken cancellationToken)
    {
        await using var desk = await OrderDesk.OpenAsync(_server, Shop.FirstOrders + 1, OrdersAfterBackup, _time, cancellationToken);
        var script = await Subprocess.RunAsync(_directory.Checkout.BackupScript, ["base"], cancellationToken);
        var taken = await desk.CloseAsync();
        script.Require("scripts/backup-postgres.sh base", _directory.Repository.BackupLog);
        var catalogue = new BackupCatalogue(new LocalStorage(_directory.Repository.BackupDirectory), _directory.Repository);
        var backup = await catalogue.NewestAsync(cancellationToken)
            ?? throw new PgkeepException(ErrorKind.BackupMissing, $"scripts/backup-postgres.sh ended well, and there is no backup in \"{_directory.Repository.BackupDirectory}\"");
        var sizes = backup.Metadata!.Sizes;
        var text = $"{backup.Name}: {ByteSizeText.Of(sizes.PlainBytes)} in {ByteSizeText.Of(sizes.StoredBytes)}, {Shop.Number(taken)} orders came in";
        return (backup.Directory, taken, text);
    }

    /// <summary>Ends with a quiet moment, whose time and content are noted, and with orders that come after it.</summary>
    private async Task<(string Moment, ShopState Before, string Text)> GoOnAsync(ServerConnection session, int taken, CancellationToken cancellationToken)
    {
        await Shop.TakeOrdersAsync(session, Shop.FirstOrders + taken + 1, OrdersAfterBackup - taken, cancellationToken);
        var before = await Shop.ReadStateAsync(session, cancellationToken);
        var moment = await NowAsync(session, cancellationToken);
        await Shop.TakeOrdersAsync(session, FirstLateOrder, OrdersAfterMoment, cancellationToken);
        var text = $"{Shop.Number(OrdersAfterBackup)} more orders; it is now {moment.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}, remember this moment";
        return (Exactly(moment), before, text);
    }

    /// <summary>By the server's clock, whose times stand in the WAL.</summary>
    private async Task<DateTimeOffset> NowAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        var now = await session.QueryAsync("SELECT clock_timestamp()", row => ServerFacts.TimeOf(row, 0), cancellationToken);
        return TimeZoneInfo.ConvertTime(now[0], _time.LocalTimeZone);
    }

    /// <summary>As a restore is told a moment: with all the digits the server has, and the zone.</summary>
    private static string Exactly(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);

    private static async Task<string> SufferAsync(ServerConnection session, CancellationToken cancellationToken)
    {
        var deleted = await Shop.SufferAccidentAsync(session, cancellationToken);
        return $"{OrdersAfterMoment} orders later: DELETE of {Shop.Number(deleted)} orders, DROP TABLE customers";
    }

    private async Task<string> RestoreAsync(string backup, string moment, CancellationToken cancellationToken)
    {
        var script = await Subprocess.RunAsync(_directory.Checkout.RestoreScript, [backup, moment, "--yes"], cancellationToken);
        script.Require("scripts/restore-postgres.sh", _directory.RestoreLog);
        return $"scripts/restore-postgres.sh … \"{moment}\"";
    }

    private async Task<string> ProveAsync(ShopState before, CancellationToken cancellationToken)
    {
        await using var session = await _server.ConnectAsync(Shop.DatabaseName, cancellationToken);
        var after = await Shop.ReadStateAsync(session, cancellationToken);
        var differences = after.DifferencesTo(before);
        if (differences.Count > 0)
        {
            throw new PgkeepException(
                ErrorKind.Findings,
                $"the restored shop is not what it was at the noted moment\n{string.Join('\n', differences)}{LogTail.Of(_directory.RestoreLog)}");
        }

        var orders = after.Find("orders")!;
        return $"{Shop.Number(orders.Rows)} orders, checksum {orders.ShortChecksum} as before; customers is back, the {OrdersAfterMoment} later orders are gone";
    }
}
