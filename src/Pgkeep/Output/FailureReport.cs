using System.Text.Json;
using Pgkeep.Commands;
using Pgkeep.Options;

namespace Pgkeep.Output;

/// <summary>
/// How a failure is told: what happened, then what to do, on stderr; with <c>--json</c> the same as one object on stdout, where the
/// program that asked for JSON reads. A bug comes with what is needed to find it, and without secrets.
/// </summary>
internal static class FailureReport
{
    private const string Indent = "       ";

    private const string ReportRequest = "please report this with all the lines above: nobody has seen it yet";

    public static void Write(IOutput output, Failure failure, OptionValues? values, bool asJson)
    {
        if (asJson)
        {
            output.WriteResult(JsonLine.Write(writer => WriteJson(writer, failure, values)));
            return;
        }

        var palette = output.NotePalette;
        output.WriteNote($"{palette.Paint(Mark.Stop, "error:")} {failure.Message.ReplaceLineEndings("\n" + Indent)}");
        if (failure.Bug is { } bug)
        {
            WriteBug(output, failure, values, bug);
        }

        foreach (var hint in failure.Hints)
        {
            output.WriteNote($"hint:  {hint.ReplaceLineEndings("\n" + Indent)}");
        }
    }

    private static void WriteBug(IOutput output, Failure failure, OptionValues? values, Exception bug)
    {
        output.WriteNote($"{Indent}version: {ProductVersion.Text}");
        output.WriteNote($"{Indent}command: {failure.Command?.Name ?? "none yet"}");
        foreach (var value in values?.NonDefault ?? [])
        {
            output.WriteNote($"{Indent}option:  {value.Option.Name} = {value.Text} ({value.Source})");
        }

        output.WriteNote(Indent + bug.ToString().ReplaceLineEndings("\n" + Indent));
        output.WriteNote($"hint:  {ReportRequest}");
    }

    private static void WriteJson(Utf8JsonWriter writer, Failure failure, OptionValues? values)
    {
        writer.WriteString("error", failure.Kind.Name);
        writer.WriteNumber("exit_code", failure.ExitCode);
        writer.WriteString("message", failure.Message);
        writer.WriteStartArray("hints");
        foreach (var hint in failure.Bug is null ? failure.Hints : [ReportRequest])
        {
            writer.WriteStringValue(hint);
        }

        writer.WriteEndArray();
        if (failure.Bug is { } bug)
        {
            writer.WriteString("version", ProductVersion.Number);
            writer.WriteString("command", failure.Command?.Name);
            writer.WriteStartObject("options");
            foreach (var value in values?.NonDefault ?? [])
            {
                writer.WriteString(value.Option.Name, value.Text);
            }

            writer.WriteEndObject();
            writer.WriteString("stack", bug.ToString());
        }
    }
}
