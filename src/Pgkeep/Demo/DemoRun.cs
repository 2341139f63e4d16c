using Pgkeep.Diagnostics;
using Pgkeep.Output;

namespace Pgkeep.Demo;

/// <summary>
/// A demo from its first line to its last. Whatever happens, no server is left running but the one that <c>--keep</c> asked for; after a failure the
/// directory stays, for it holds the evidence.
/// </summary>
internal sealed class DemoRun
{
    private readonly DemoSettings _settings;
    private readonly Story _story;
    private readonly TimeProvider _time;

    public DemoRun(DemoSettings settings, Story story, TimeProvider time)
    {
        _settings = settings;
        _story = story;
        _time = time;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var checkout = Checkout.Find(_settings.Home, _settings.Program);
        var misleading = CallerEnvironment.Clear();
        var chosen = await DemoPrograms.ChooseAsync(_settings.BinDirectory, cancellationToken);
        var began = _time.GetTimestamp();
        var directory = await DemoDirectory.CreateAsync(checkout, _settings.Program, cancellationToken);
        var server = new DemoServer(directory, chosen.Programs, _time);
        _story.Say($"A day in the life of a backup, on a throwaway PostgreSQL {chosen.Version} that touches nothing else.");
        _story.Say($"It lives in {directory.Root} and runs as {Environment.UserName}.");
        _story.Say("");
        DemoOutcome outcome;
        try
        {
            outcome = await new ShopDay(directory, server, _story, _time).LiveAsync(cancellationToken);
        }
        catch when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C reaches the programs too, so what fails then need not be a wait of ours.
            await server.StopAsync();
            await directory.RemoveAsync(_time);
            throw new OperationCanceledException(cancellationToken);
        }
        catch (PgkeepException failure)
        {
            await server.StopAsync();
            throw new PgkeepException(
                failure.Kind,
                failure.Message,
                failure,
                [.. failure.Hints, $"the demo's server is stopped, and all it wrote is left in {directory.Root} for you to look at"]);
        }
        catch
        {
            await server.StopAsync();
            throw;
        }

        _story.Say("");
        TreeText.Write(RepositoryTree.Read(directory.Repository.BackupDirectory), _story.Say);
        _story.Say("");
        if (_settings.Keep)
        {
            new NextSteps(directory, server, outcome, misleading).Tell(_story);
        }
        else
        {
            await server.StopAsync();
            await directory.RemoveAsync(_time);
        }

        Conclude(directory, outcome, _time.GetElapsedTime(began));
    }

    private void Conclude(DemoDirectory directory, DemoOutcome outcome, TimeSpan duration)
    {
        var done = _story.Palette.Paint(Mark.Ok, "Everything is as it was");
        var times = $"restored in {DurationText.Of(outcome.Restore)}, all in {DurationText.Of(duration)}";
        _story.End($"{done}: {times}. {(_settings.Keep ? $"It is in {directory.Root}." : "Nothing is left; --keep leaves it.")}");
    }
}
