using System.Diagnostics;

namespace Pgkeep.Options;

/// <summary>The values of all options that a command takes. A command reads them once into its own settings.</summary>
internal sealed class OptionValues
{
    private readonly Dictionary<Option, OptionValue> _values = [];

    public IEnumerable<OptionValue> All => _values.Values;

    /// <summary>What somebody asked for: these stand in a command's first log line and in the report of a bug.</summary>
    public IEnumerable<OptionValue> NonDefault => _values.Values.Where(value => !value.IsDefault);

    public T Get<T>(Option<T> option)
    {
        // A row whose value can be absent says so in T, so the cast is the table's own promise.
        return (T)Find(option).Value!;
    }

    /// <summary>Whether anybody said so, rather than the default: a service file may fill in only what nobody said.</summary>
    public bool IsSet(Option option) => !Find(option).IsDefault;

    public OptionValue Find(Option option) =>
        _values.TryGetValue(option, out var value)
            ? value
            : throw new UnreachableException($"the command does not take \"{option.Name}\": name the command in that row of the table");

    public bool Has(Option option) => _values.ContainsKey(option);

    public void Add(OptionValue value) => _values.Add(value.Option, value);
}
