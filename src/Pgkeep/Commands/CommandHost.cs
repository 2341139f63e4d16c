using Pgkeep.Diagnostics;
using Pgkeep.Options;
using Pgkeep.Options.EnvironmentFiles;
using Pgkeep.Output;

namespace Pgkeep.Commands;

/// <summary>
/// From the words of a command line to an exit code: chooses the command, finds its values, runs it, and turns everything that is
/// thrown into words and a code. The only place that catches everything.
/// </summary>
internal sealed class CommandHost
{
    private readonly Surroundings _surroundings;
    private Command? _command;
    private OptionValues? _values;

    public CommandHost(Surroundings surroundings)
    {
        _surroundings = surroundings;
    }

    public Task<int> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        RunAsync(() => CommandChoice.Of(words), words, cancellationToken);

    public Task<int> RunAsync(CommandChoice choice, CancellationToken cancellationToken) =>
        RunAsync(() => choice, choice.Words, cancellationToken);

    private async Task<int> RunAsync(Func<CommandChoice> choose, IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        try
        {
            var exitCode = await RunChosenAsync(choose(), cancellationToken);
            _surroundings.Output.Flush();
            return exitCode;
        }
        catch (Exception exception)
        {
            var failure = Failure.Of(exception, _command, cancellationToken).WithOrigin(_values);
            failure = _command is null && ServerCallOf(words) is { } call ? failure with { ExitCode = call.ExitCode(failure.Kind.Kind) } : failure;
            Report(failure, words);
            return failure.ExitCode;
        }
    }

    /// <summary>
    /// The command that words mean which name none: to a server in recovery a usage error's code says "not in the archive", and it would start without the
    /// WAL that is there.
    /// </summary>
    private Command? ServerCallOf(IReadOnlyList<string> words) =>
        words.Contains(CommandNames.GetWal) || (words.Count > 0 && GetWalCommand.IsCalledInRecovery(_surroundings.WorkingDirectory)) ? GetWalCommand.Definition : null;

    private async Task<int> RunChosenAsync(CommandChoice choice, CancellationToken cancellationToken)
    {
        _command = choice.Command;
        if (choice.Words.TakeWhile(word => word != "--").Any(word => word is "--help" or "-h"))
        {
            HelpText.WriteCommand(_surroundings.Output, choice.Command);
            return 0;
        }

        var commandLine = CommandLineParser.Parse(choice.Command, choice.Words);
        var context = new CommandContext(commandLine, ResolveOptions(commandLine), _surroundings);
        return await choice.Command.RunAsync(context, cancellationToken);
    }

    private OptionValues ResolveOptions(ParsedCommandLine commandLine)
    {
        var resolver = new OptionResolver(commandLine.Options, _surroundings.Environment, _surroundings.WorkingDirectory);
        resolver.Problems.AddRange(commandLine.Problems);
        var file = commandLine.Command.Options.Contains(OptionTable.Config) ? ReadFile(resolver) : null;
        _values = resolver.Resolve(commandLine.Command.Options, file);
        resolver.Problems.ThrowIfAny();
        return _values;
    }

    private EnvironmentFile? ReadFile(OptionResolver resolver)
    {
        var values = resolver.Resolve([OptionTable.Config], null);
        if (!values.Has(OptionTable.Config))
        {
            resolver.Problems.ThrowIfAny();
        }

        var file = EnvironmentFile.Read(values.Get(OptionTable.Config), mustExist: values.IsSet(OptionTable.Config));
        resolver.Problems.AddRange(file.Problems);
        if (file.CheckSecrets(OptionTable.All.Where(option => option.IsSecret)) is { } exposed)
        {
            resolver.Problems.Add(exposed);
        }

        foreach (var warning in UnknownNames.Warnings(file))
        {
            _surroundings.Output.WriteNote(_surroundings.Output.NotePalette.Paint(Mark.Look, "warning:") + " " + warning);
        }

        return file;
    }

    private void Report(Failure failure, IReadOnlyList<string> words)
    {
        try
        {
            var wantsJson = words.TakeWhile(word => word != "--").Contains("--json");
            FailureReport.Write(_surroundings.Output, failure, _values, wantsJson);
            _surroundings.Output.Flush();
        }
        catch (Exception exception) when (exception is IOException or PgkeepException)
        {
            // There is nowhere left to say it; the exit code still does.
        }
    }
}
