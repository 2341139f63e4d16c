using Xunit;

namespace Pgkeep.IntegrationTests.Harness;

/// <summary>
/// Data directories fresh from initdb (0.6 to 1.6 s), made once per kind and run and then copied (0.05 s). They go at the end of the run.
/// </summary>
internal static class ClusterTemplates
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static readonly Dictionary<Kind, string> Made = [];

    private static Workspace? _place;

    public static async Task CreateDataDirectoryAsync(string dataDirectory, int major, ServerOptions options)
    {
        var kind = new Kind(major, options.WalSegmentSizeInMiB, options.DataChecksums, options.GroupAccess, options.Password);
        if (options.OwnSystemIdentifier)
        {
            await RunInitdbAsync(dataDirectory, kind);
            return;
        }

        var template = await GetAsync(kind);
        (await TestAccount.RunAsync("cp", ["-a", "--reflink=auto", template, dataDirectory])).EnsureSuccess();
    }

    public static async Task RemoveAsync()
    {
        if (_place is not null)
        {
            await _place.DisposeAsync();
        }
    }

    private static async Task<string> GetAsync(Kind kind)
    {
        await Gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!Made.TryGetValue(kind, out var template))
            {
                _place ??= await Workspace.CreateAsync();
                template = _place.PathOf($"{Made.Count}");
                await RunInitdbAsync(template, kind);
                Made[kind] = template;
            }

            return template;
        }
        finally
        {
            Gate.Release();
        }
    }

    private static async Task RunInitdbAsync(string dataDirectory, Kind kind)
    {
        List<string> arguments = ["-D", dataDirectory, "-U", "postgres", "--no-sync", $"--wal-segsize={kind.WalSegmentSizeInMiB}"];
        if (kind.DataChecksums)
        {
            arguments.Add("--data-checksums");
        }
        else if (kind.Major >= 18)
        {
            arguments.Add("--no-data-checksums"); // on by default from 18
        }

        if (kind.GroupAccess)
        {
            arguments.Add("--allow-group-access");
        }

        var passwordFile = dataDirectory + ".password";
        if (kind.Password is null)
        {
            arguments.Add("--auth=trust");
        }
        else
        {
            arguments.AddRange("--auth=scram-sha-256", $"--pwfile={passwordFile}");
            await TestAccount.WriteFileAsync(passwordFile, kind.Password);
        }

        var initdb = Path.Combine(PostgresServers.BinDirectory(kind.Major), "initdb");
        (await TestAccount.RunAsync(initdb, arguments)).EnsureSuccess();
        File.Delete(passwordFile);
    }

    private sealed record Kind(int Major, int WalSegmentSizeInMiB, bool DataChecksums, bool GroupAccess, string? Password);
}
