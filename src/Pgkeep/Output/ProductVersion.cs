namespace Pgkeep.Output;

/// <summary>The version that Directory.Build.props gives the product.</summary>
internal static class ProductVersion
{
    public static string Number { get; } = typeof(ProductVersion).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "";

    public static string Text => $"pgkeep {Number}";
}
