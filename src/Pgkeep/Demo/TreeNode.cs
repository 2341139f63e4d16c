namespace Pgkeep.Demo;

/// <param name="Size">Empty for what has none of its own.</param>
internal sealed record TreeNode(string Name, string Size = "", string Meaning = "", params IReadOnlyList<TreeNode> Children);
