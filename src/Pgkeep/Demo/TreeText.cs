using Pgkeep.Output;

namespace Pgkeep.Demo;

/// <summary>Prints a directory as <c>tree</c> does, with each entry's size and meaning in columns beside it.</summary>
internal static class TreeText
{
    private const string Branch = "├── ";
    private const string LastBranch = "└── ";
    private const string Trunk = "│   ";
    private const string Nothing = "    ";

    public static void Write(TreeNode root, Action<string> writeLine)
    {
        writeLine(root.Name);
        var table = new TextTable("", Align.Left, Align.Right);
        AddChildren(table, root, "");
        table.WriteTo(writeLine);
    }

    private static void AddChildren(TextTable table, TreeNode parent, string prefix)
    {
        foreach (var (index, child) in parent.Children.Index())
        {
            var isLast = index == parent.Children.Count - 1;
            table.Add(prefix + (isLast ? LastBranch : Branch) + child.Name, child.Size, child.Meaning);
            AddChildren(table, child, prefix + (isLast ? Nothing : Trunk));
        }
    }
}
