namespace Pgkeep.Options.Codecs;

/// <summary>One of a few words, listed with their meaning rather than found by reflection over an enum.</summary>
internal sealed class ChoiceCodec<T> : ICodec<T>
{
    private readonly IReadOnlyList<Choice<T>> _choices;

    public ChoiceCodec(string placeholder, params IReadOnlyList<Choice<T>> choices)
    {
        Placeholder = placeholder;
        _choices = choices;
    }

    public string Placeholder { get; }

    public string Expected => "one of " + string.Join(", ", _choices.Select(choice => choice.Name));

    public IEnumerable<(string Name, string Meaning)> Meanings => _choices.Select(choice => (choice.Name, choice.Meaning));

    public T Parse(string text)
    {
        foreach (var choice in _choices)
        {
            if (choice.Name == text)
            {
                return choice.Value;
            }
        }

        throw new FormatException();
    }
}
