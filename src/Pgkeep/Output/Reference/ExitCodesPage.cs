using System.Globalization;
using Pgkeep.Diagnostics;

namespace Pgkeep.Output.Reference;

internal static class ExitCodesPage
{
    public static ReferencePage Generate()
    {
        var page = new Markdown("Exit codes");
        page.Paragraph("A code keeps its meaning for ever. With `--json` the name stands in the field `error`.");
        page.Table(["code", "name", "meaning"], [["0", "", "done"], .. ErrorKinds.All.Select(Row)]);
        page.Heading("get-wal");
        page.Paragraph(
            $"Recovery reads more into the code of its `restore_command`: {ErrorKinds.AbsentExitCode} says that the file is proven absent "
            + $"from the archive, and {ErrorKinds.CannotTellExitCode} that this cannot be told, upon which recovery stops instead of taking "
            + "it for the end of the WAL.");
        return new ReferencePage("reference/exit-codes.md", page.ToString());
    }

    private static string[] Row(ErrorKindRow row) => [row.ExitCode.ToString(CultureInfo.InvariantCulture), row.Name, row.Meaning];
}
