namespace Pgkeep.Commands;

/// <summary>All commands, in the order in which help lists them.</summary>
internal static class CommandList
{
    public static IReadOnlyList<Command> All { get; } =
    [
        BackupCommand.Definition,
        RestorePointCommand.Definition,
        VerifyCommand.Definition,
        ListCommand.Definition,
        CleanupCommand.Definition,
        StatsCommand.Definition,
        CheckCommand.Definition,
        WalCommand.Definition,
        WalShowCommand.Definition,
        WalIndexCommand.Definition,
        FindCommand.Definition,
        RestoreCommand.Definition,
        RestoreRollbackCommand.Definition,
        RestoreForgetCommand.Definition,
        DrillCommand.Definition,
        ArchiveWalCommand.Definition,
        ReceiveWalCommand.Definition,
        GetWalCommand.Definition,
        RepositoryRotateCommand.Definition,
        PrefetchWalCommand.Definition,
        ArchiveAheadCommand.Definition,
        CronInstallCommand.Definition,
        CronStatusCommand.Definition,
        CronRemoveCommand.Definition,
        DemoCommand.Definition,
        ConfigShowCommand.Definition,
        VersionCommand.Definition,
        HelpCommand.Definition,
        ReferenceCommand.Definition,
    ];

    public static IEnumerable<Command> Visible => All.Where(command => !command.IsHidden);

    public static Command? Find(string name) => All.FirstOrDefault(command => command.Name == name);

    /// <summary>What a group such as <c>config</c> holds; empty where there is no such group.</summary>
    public static IReadOnlyList<Command> InGroup(string group) =>
        [.. Visible.Where(command => command.Name.StartsWith(group + " ", StringComparison.Ordinal))];
}
