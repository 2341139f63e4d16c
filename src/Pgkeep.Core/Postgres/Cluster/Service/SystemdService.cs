using System.Globalization;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;

namespace Pgkeep.Postgres.Cluster.Service;

/// <summary>A unit of systemd whose main process is the server, or whose environment names its data directory, as the packages of Red Hat's family have it.</summary>
internal sealed class SystemdService : IServerService
{
    private const string Suffix = ".service";

    private readonly string _program;
    private readonly string _unit;

    private SystemdService(string program, string unit)
    {
        _program = program;
        _unit = unit;
    }

    public string Name => $"systemd ({_unit})";

    /// <summary>Null where systemd does not run this machine, or has no unit for the server.</summary>
    /// <param name="processId">Of the server; null where none runs.</param>
    public static async Task<SystemdService?> FindAsync(string dataDirectory, int? processId, CancellationToken cancellationToken) =>
        // man 3 sd_booted
        Directory.Exists("/run/systemd/system") ? await FindAsync("/usr/bin/systemctl", dataDirectory, processId, cancellationToken) : null;

    /// <param name="program">systemctl.</param>
    public static async Task<SystemdService?> FindAsync(string program, string dataDirectory, int? processId, CancellationToken cancellationToken)
    {
        if (!File.Exists(program))
        {
            return null;
        }

        try
        {
            var unit = processId is { } pid ? await OfProcessAsync(program, pid, cancellationToken) : await OfDirectoryAsync(program, dataDirectory, cancellationToken);
            return unit is null ? null : new SystemdService(program, unit);
        }
        catch (PgkeepException failure) when (failure.Kind == ErrorKind.ServerFailed)
        {
            // systemctl cannot be run; pg_ctl can.
            return null;
        }
    }

    public Task<ProgramResult> StopAsync() => RunAsync(_program, ["stop", _unit], CancellationToken.None);

    public Task<ProgramResult> StartAsync(string log, IReadOnlyList<string> options) => RunAsync(_program, ["start", _unit], CancellationToken.None);

    /// <summary>
    /// The unit in whose control group a process runs, by the last line of <c>/proc/PID/cgroup</c> (man 7 cgroups); null where that is a session or a container.
    /// </summary>
    public static string? UnitOf(string controlGroups) =>
        controlGroups.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var line]
        && line.Split('/') is [.., var last]
        && last.EndsWith(Suffix, StringComparison.Ordinal)
            ? last
            : null;

    /// <summary>A server that somebody started by hand out of another service is not that service.</summary>
    private static async Task<string?> OfProcessAsync(string program, int processId, CancellationToken cancellationToken)
    {
        if (UnitOf(ProcessTable.ControlGroupsOf(processId)) is not { } unit)
        {
            return null;
        }

        var main = await RunAsync(program, ["show", "--property", "MainPID", "--value", unit], cancellationToken);
        return main.ExitCode == 0 && main.Output == processId.ToString(CultureInfo.InvariantCulture) ? unit : null;
    }

    private static async Task<string?> OfDirectoryAsync(string program, string dataDirectory, CancellationToken cancellationToken)
    {
        var listed = await RunAsync(program, ["list-unit-files", "--type", "service", "--no-legend", "--no-pager", "postgres*"], cancellationToken);
        foreach (var unit in listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]).Where(name => !name.Contains('@', StringComparison.Ordinal)))
        {
            var environment = await RunAsync(program, ["show", "--property", "Environment", "--value", unit], cancellationToken);
            if (environment.Output.Split(' ').Any(setting => setting.StartsWith("PGDATA=", StringComparison.Ordinal) && FileSystem.Resolve(setting["PGDATA=".Length..]) == dataDirectory))
            {
                return unit;
            }
        }

        return null;
    }

    private static Task<ProgramResult> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        ProgramRun.RunAsync(program, arguments, null, cancellationToken);
}
