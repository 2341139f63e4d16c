namespace Pgkeep.Commands;

/// <summary>A word after the command's name that is told by its position.</summary>
/// <param name="Name">As it stands in the usage line: <c>BACKUP</c>.</param>
/// <param name="IsRepeated">Takes all words that are left; only the last one of a command may.</param>
internal sealed record Argument(string Name, string Summary, bool IsRequired = true, bool IsRepeated = false)
{
    public string Usage => (IsRequired ? Name : $"[{Name}]") + (IsRepeated ? "..." : "");
}
