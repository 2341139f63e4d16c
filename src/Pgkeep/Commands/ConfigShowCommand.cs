using System.Text.Json;
using Pgkeep.Options;
using Pgkeep.Output;

namespace Pgkeep.Commands;

internal static class ConfigShowCommand
{
    public static Command Definition { get; } = new()
    {
        Name = CommandNames.ConfigShow,
        Summary = "Show every option's value and where it comes from",
        Details = "Secrets are never shown, only that there is one. An option given here changes what is shown and nothing else.",
        Options = [.. OptionTable.Configurable, OptionTable.Json],
        Examples =
        [
            new("pgkeep config show", "What every command works with."),
            new("sudo -u postgres env RETENTION_DAYS=3 pgkeep config show", "The same, with one value from the environment."),
        ],
        RunAsync = RunAsync,
    };

    private static Task<int> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var values = OptionTable.Configurable.Select(context.Values.Find).ToList();
        if (context.Get(OptionTable.Json))
        {
            context.Output.WriteResult(JsonLine.Write(writer => WriteJson(writer, values)));
        }
        else
        {
            WriteTable(context.Output, values);
        }

        return Task.FromResult(0);
    }

    private static void WriteTable(IOutput output, List<OptionValue> values)
    {
        var table = new TextTable();
        table.Add("option", "value", "source");
        foreach (var value in values)
        {
            table.Add(value.Option.Name, value.Value is null ? $"({value.Option.ComputedAs})" : value.Text, value.Source.Description);
        }

        table.WriteTo(output.WriteResult);
    }

    private static void WriteJson(Utf8JsonWriter writer, List<OptionValue> values)
    {
        writer.WriteStartObject("options");
        foreach (var value in values)
        {
            writer.WriteStartObject(value.Option.Name);
            writer.WriteString("value", value.Value is null ? null : value.Text);
            writer.WriteString("source", value.Source.Description);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}
