using System.CommandLine;
using System.CommandLine.Parsing;
using Pgkeep.Options;
using Pgkeep.Options.Codecs;
using Option = Pgkeep.Options.Option;
using ParserArgument = System.CommandLine.Argument<string[]>;
using ParserCommand = System.CommandLine.Command;
using ParserOption = System.CommandLine.Option<string>;
using RepeatedParserOption = System.CommandLine.Option<string[]>;

namespace Pgkeep.Commands;

/// <summary>
/// Reads the words behind a command's name with System.CommandLine, built for this one command only: the server starts a process for
/// each WAL segment. All values stay text here; the option table's codecs read them, whatever their source.
/// </summary>
internal sealed class CommandLineParser
{
    // Stands before the words. Otherwise the parser takes a first word such as "pgkeep" for the program and "[x]" for a directive.
    private const string Guard = "--words-follow";

    private static readonly ParserConfiguration Configuration = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    private readonly Command _command;
    private readonly Dictionary<Option, System.CommandLine.Option> _options = [];
    private readonly Dictionary<Argument, ParserArgument> _arguments = [];
    private readonly List<OptionProblem> _problems = [];

    private CommandLineParser(Command command)
    {
        _command = command;
    }

    public static ParsedCommandLine Parse(Command command, IReadOnlyList<string> words) => new CommandLineParser(command).Parse(words);

    private ParsedCommandLine Parse(IReadOnlyList<string> words)
    {
        var result = Build().Parse([Guard, .. words], Configuration);
        var options = ReadOptions(result, words);
        var arguments = ReadArguments(result);
        if (_problems.Count == 0)
        {
            // Everything it can object to is said above in our words; this is for what we did not think of.
            _problems.AddRange(result.Errors.Select(error => new OptionProblem(SourceKind.CommandLine, error.Message)));
        }

        return new ParsedCommandLine(_command, options, arguments, _problems);
    }

    private ParserCommand Build()
    {
        var parser = new ParserCommand("pgkeep") { new ParserOption(Guard) { Arity = ArgumentArity.Zero } };
        foreach (var option in _command.Options.Where(option => option.MayComeFrom(SourceKind.CommandLine)))
        {
            var name = $"--{option.Name}";
            parser.Add(_options[option] = option.IsRepeated
                ? new RepeatedParserOption(name) { Arity = ArgumentArity.OneOrMore, CustomParser = TakeNothing }
                : new ParserOption(name) { Arity = option.IsFlag ? ArgumentArity.Zero : ArgumentArity.ExactlyOne });
        }

        foreach (var argument in _command.Arguments)
        {
            var arity = new ArgumentArity(0, argument.IsRepeated ? 100 : 1);
            parser.Add(_arguments[argument] = new ParserArgument(argument.Name) { Arity = arity, CustomParser = TakeNothing });
        }

        return parser;
    }

    // The words themselves are what we want, and it would insist on a conversion.
    private static string[] TakeNothing(ArgumentResult result) => [];

    private Dictionary<Option, string> ReadOptions(ParseResult result, IReadOnlyList<string> words)
    {
        var texts = new Dictionary<Option, string>();
        foreach (var (option, symbol) in _options)
        {
            if (result.GetResult(symbol) is not { } found)
            {
                continue;
            }

            if (option.IsRepeated && found.Tokens.Count == found.IdentifierTokenCount)
            {
                texts[option] = string.Join('\n', found.Tokens.Select(value => value.Value));
            }
            else if (found.IdentifierTokenCount > 1 && !option.IsRepeated)
            {
                Complain($"--{option.Name} is given more than once");
            }
            else if (option.IsFlag)
            {
                texts[option] = FlagCodec.On;
                CheckFlagHasNoValue(option, words);
            }
            else if (found.Tokens is [var token] && !option.IsRepeated)
            {
                texts[option] = token.Value;
            }
            else
            {
                Complain($"--{option.Name} needs a value: {option.Usage}");
            }
        }

        return texts;
    }

    // System.CommandLine takes the value of "--flag=value" for the next argument.
    private void CheckFlagHasNoValue(Option flag, IReadOnlyList<string> words)
    {
        if (words.TakeWhile(word => word != "--").Any(word => word.StartsWith($"--{flag.Name}=", StringComparison.Ordinal)
            || word.StartsWith($"--{flag.Name}:", StringComparison.Ordinal)))
        {
            Complain($"--{flag.Name} takes no value");
        }
    }

    private Dictionary<Argument, IReadOnlyList<string>> ReadArguments(ParseResult result)
    {
        var literal = result.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value).ToList();
        var texts = _arguments.ToDictionary(
            pair => pair.Key, IReadOnlyList<string> (pair) => [.. result.GetResult(pair.Value)?.Tokens.Select(token => token.Value) ?? []]);

        // An option it does not know is an argument to System.CommandLine, and what was meant as its value is the next one.
        var unknown = texts.Values.SelectMany(words => words).Concat(result.UnmatchedTokens).Where(IsOption).Except(literal);
        _problems.AddRange(unknown.Select(word => UnknownOption.Explain(word.TrimStart('-').Split('=', ':')[0], _command)));
        if (_problems.Count == 0)
        {
            CheckCount(texts, result.UnmatchedTokens);
        }

        return texts;
    }

    private void CheckCount(Dictionary<Argument, IReadOnlyList<string>> texts, IReadOnlyList<string> surplus)
    {
        foreach (var argument in _command.Arguments.Where(argument => argument.IsRequired && texts[argument].Count == 0))
        {
            Complain($"{argument.Name} is missing: {argument.Summary}", $"usage: {_command.Usage}");
        }

        foreach (var word in surplus)
        {
            Complain($"\"{word}\" is one word too many", $"usage: {_command.Usage}");
        }
    }

    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-';

    private void Complain(string message, string? hint = null) => _problems.Add(new OptionProblem(SourceKind.CommandLine, message, hint));
}
