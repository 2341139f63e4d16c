namespace Pgkeep.Demo;

/// <param name="BinDirectory">Null for the newest server that is installed.</param>
/// <param name="Keep">Whether server and repository stay.</param>
/// <param name="Home">The checkout, as the launcher says; null where none started this.</param>
/// <param name="Program">This program.</param>
internal sealed record DemoSettings(string? BinDirectory, bool Keep, string? Home, string Program);
