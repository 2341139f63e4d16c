using Pgkeep.Commands;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Commands;

/// <summary>From the target options to the one target of a restore.</summary>
public sealed class TargetOptionTests
{
    private readonly Run _run = new() { Environment = { ["PGKEEP_CONFIG"] = "/dev/null" } };

    [Theory]
    [InlineData("", "")]
    [InlineData("--target-immediate", "recovery_target=immediate")]
    [InlineData("--target-xid 88120433", "recovery_target_xid=88120433")]
    [InlineData("--target-xid 4383087729", "recovery_target_xid=88120433")]
    [InlineData("--target-lsn 2/1a3b5c80", "recovery_target_lsn=2/1A3B5C80")]
    [InlineData("--target-name before_upgrade", "recovery_target_name=before_upgrade")]
    [InlineData("--target-time 2025-01-08T12:30:00Z", "recovery_target_time=2025-01-08 12:30:00.000000+00")]
    public async Task Each_kind_becomes_the_server_s_setting(string words, string expected)
    {
        var target = await ReadAsync(words);

        Assert.Equal(expected, target!.Setting is { } setting ? $"{setting.Name}={setting.Value}" : "");
        Assert.False(target.IsExclusive);
    }

    [Theory]
    [InlineData("--target-xid 88120433", null)]
    [InlineData("--target-xid 4294967295", null)]
    [InlineData("--target-xid 4383087729", 4_383_087_729ul)]
    public async Task A_number_of_more_than_32_bits_has_its_epoch(string words, ulong? expected) => Assert.Equal(expected, (await ReadAsync(words))!.FullXid?.Value);

    [Theory]
    [InlineData("--target-xid 5")]
    [InlineData("--target-lsn 2/0")]
    [InlineData("--target-time 2025-01-08T12:30:00Z")]
    public async Task What_has_a_place_can_be_left_out(string words) => Assert.True((await ReadAsync(words + " --target-exclusive"))!.IsExclusive);

    [Theory]
    [InlineData("--target-xid 5 --target-lsn 2/0", 2, "--target-xid and --target-lsn are different targets")]
    [InlineData("--target-time 2025-01-08T12:30:00Z --target-immediate", 2, "a restore has one")]
    [InlineData("--target-exclusive", 2, "there is no target")]
    [InlineData("--target-exclusive --target-immediate", 2, "there is --target-immediate")]
    [InlineData("--target-exclusive --target-name x", 2, "there is --target-name")]
    [InlineData("--target-xid -5", 50, "is not a transaction's number")]
    [InlineData("--target-xid 2", 50, "is not a transaction's number")]
    [InlineData("--target-xid 4294967296", 50, "is not a transaction's number")]
    [InlineData("--target-xid five", 50, "is not a transaction's number")]
    [InlineData("--target-lsn 5", 50, "is not an LSN")]
    [InlineData("--target-name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 50, "1 to 63 bytes")]
    public async Task What_is_no_target_is_refused(string words, int exitCode, string fact)
    {
        Assert.Equal(exitCode, await RunAsync(words, _ => { }));
        Assert.Contains(fact, _run.Output.Notes, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeline_is_no_target_of_its_own()
    {
        TimelineId? timeline = null;

        await RunAsync("--target-xid 5 --target-timeline 3", context => timeline = TargetOptions.Timeline(context));

        Assert.Equal(new TimelineId(3), timeline);
    }

    private async Task<RecoveryTarget?> ReadAsync(string words)
    {
        RecoveryTarget? target = null;
        Assert.Equal(0, await RunAsync(words, context => target = TargetOptions.Read(context)));
        return target;
    }

    private Task<int> RunAsync(string words, Action<CommandContext> ask)
    {
        var command = new Command
        {
            Name = CommandNames.Restore,
            Summary = "A test",
            RunAsync = (context, _) =>
            {
                TargetOptions.Read(context);
                ask(context);
                return Task.FromResult(0);
            },
        };
        return _run.Command(command, words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
