using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal.Targets;
using Pgkeep.Repository;
using Pgkeep.Restore;
using Pgkeep.Tests.Support;
using Xunit;

namespace Pgkeep.Tests.Restore;

public sealed class RecoverySettingsTests : IDisposable
{
    private static readonly Account Owner = new("somebody", Account.CurrentUserId, 0, "/");

    private readonly TemporaryDirectory _data = new();

    private string Configuration => Path.Combine(_data.Path, "postgresql.auto.conf");

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("work_mem = '5MB'\n")]
    [InlineData("work_mem = '5MB'")]
    [InlineData("work_mem = '5MB'\n\n\n")]
    [InlineData("# gr\u00fc\u00dfe\r\n")]
    public void The_file_comes_back_byte_for_byte_with_its_mode(string text)
    {
        var bytes = System.Text.Encoding.Latin1.GetBytes(text);
        File.WriteAllBytes(Configuration, bytes);
        File.SetUnixFileMode(Configuration, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var settings = new RecoverySettings(_data.Path, Owner);

        settings.Write("true", RecoveryTarget.Latest, RecoveryTargetAction.Promote, TimelineId.First);
        var written = File.ReadAllBytes(Configuration);
        settings.Remove();

        Assert.True(written.AsSpan().StartsWith(bytes));
        Assert.Equal(bytes, File.ReadAllBytes(Configuration));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(Configuration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("work_mem = '5MB'\nrecovery_target_time = '2001-01-01'")]
    public void Targets_that_keep_a_server_from_starting_are_taken_back_behind_the_file(string text)
    {
        File.WriteAllText(Configuration, text);
        var settings = new RecoverySettings(_data.Path, Owner);
        settings.Write("false", RecoveryTarget.Latest, RecoveryTargetAction.Promote, TimelineId.First);

        settings.RemoveAllButResets();

        var lines = File.ReadAllLines(Configuration);
        Assert.StartsWith(text, File.ReadAllText(Configuration), StringComparison.Ordinal);
        Assert.Equal(
            ["recovery_target = ''", "recovery_target_lsn = ''", "recovery_target_name = ''", "recovery_target_time = ''", "recovery_target_xid = ''"],
            lines.TakeLast(5).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(lines, line => line.StartsWith("restore_command", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_was_not_there_is_not_there_afterwards()
    {
        var settings = new RecoverySettings(_data.Path, Owner);

        settings.Write("true", RecoveryTarget.Latest, RecoveryTargetAction.Promote, TimelineId.First);
        settings.Remove();

        Assert.False(File.Exists(Configuration));
    }

    [Fact]
    public void The_target_is_written_in_UTC_and_never_reset_after_it_is_set()
    {
        new RecoverySettings(_data.Path, Owner).Write("true", RecoveryTarget.OfTime(new DateTimeOffset(2025, 1, 8, 12, 30, 0, 123, 456, TimeSpan.FromHours(1))), RecoveryTargetAction.Promote, new TimelineId(7));

        var lines = File.ReadAllLines(Configuration);

        Assert.Equal(["recovery_target_time = '2025-01-08 11:30:00.123456+00'"], lines.Where(line => line.StartsWith("recovery_target_time ", StringComparison.Ordinal)));
        Assert.Contains("recovery_target_timeline = '7'", lines);
        Assert.Contains("archive_cleanup_command = ''", lines);
    }

    public static TheoryData<string, string> Targets => new()
    {
        { "immediate", "recovery_target = 'immediate'" },
        { "xid", "recovery_target_xid = '4294967295'" },
        { "lsn", "recovery_target_lsn = '1/A0'" },
        { "name", @"recovery_target_name = 'it''s \\ a \\''name'" },
        { "exclusive xid", "recovery_target_xid = '7'" },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void One_kind_of_target_is_set_and_all_others_are_reset_before_it(string kind, string expected)
    {
        var target = kind switch
        {
            "immediate" => RecoveryTarget.Immediate,
            "xid" => RecoveryTarget.OfXid(uint.MaxValue),
            "lsn" => RecoveryTarget.OfLsn(new Lsn(0x1000000A0)),
            "name" => RecoveryTarget.OfName(@"it's \ a \'name"),
            _ => RecoveryTarget.OfXid(7, isExclusive: true),
        };
        new RecoverySettings(_data.Path, Owner).Write("true", target, RecoveryTargetAction.Promote, TimelineId.First);

        var lines = File.ReadAllLines(Configuration).Where(line => line.StartsWith("recovery_target", StringComparison.Ordinal)).ToList();

        string[] kinds = ["recovery_target ", "recovery_target_lsn ", "recovery_target_name ", "recovery_target_time ", "recovery_target_xid "];
        Assert.Equal(kinds.Length - 1, lines.Count(line => kinds.Any(name => line == $"{name}= ''")));
        Assert.Equal(expected, Assert.Single(lines, line => kinds.Any(name => line.StartsWith(name, StringComparison.Ordinal)) && !line.EndsWith("= ''", StringComparison.Ordinal)));
        Assert.Equal(expected, lines[^1]);
        Assert.Contains($"recovery_target_inclusive = '{(target.IsExclusive ? "off" : "on")}'", lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_server_reads_ahead_unless_there_is_a_hole_behind_the_target(bool readsAhead)
    {
        new RecoverySettings(_data.Path, Owner).Write("true", RecoveryTarget.OfXid(7), RecoveryTargetAction.Promote, TimelineId.First, readsAhead: readsAhead);

        Assert.Equal(!readsAhead, File.ReadAllLines(Configuration).Contains("recovery_prefetch = 'off'"));
    }

    [Fact]
    public void A_recovery_does_not_archive_what_it_gets_from_the_archive()
    {
        new RecoverySettings(_data.Path, Owner).Write("true", RecoveryTarget.Latest, RecoveryTargetAction.Promote, TimelineId.First, archivesRestored: true);

        Assert.Contains("archive_mode = 'on'", File.ReadAllLines(Configuration));
    }

    [Fact]
    public void The_restore_command_reads_no_configuration_and_survives_odd_paths()
    {
        var command = RecoverySettings.RestoreCommand("/opt/pg keep/pgkeep", new RepositoryLayout("/srv/100%/it's", "/wal"), new RecoveryFetch(8, "/fast", 2), new TimelineId(3));

        Assert.Equal(
            """'/opt/pg keep/pgkeep' get-wal --config /dev/null --backup-dir '/srv/100%%/it'\''s' --wal-archive-dir /wal --prefetch 8 --jobs 2 --prefetch-dir /fast --timeline 3 "%f" "%p" """.TrimEnd(), command);
    }

    [Fact]
    public void A_backup_that_is_all_there_is_asks_the_archive_for_histories_alone()
    {
        var layout = new RepositoryLayout("/srv", "/wal");
        var fetch = new RecoveryFetch(0, null, 1);

        Assert.Equal("get", RecoverySettings.Without([], "get"));
        Assert.Equal("case \"%f\" in 00000002.history|0000000A.history) false ;; *) get ;; esac", RecoverySettings.Without([new TimelineId(2), new TimelineId(10)], "get"));
        Assert.Equal("false", RecoverySettings.OwnWalCommand("/pgkeep", layout, fetch, hasArchive: false));
        Assert.Equal(
            $"case \"%f\" in *.history) {RecoverySettings.RestoreCommand("/pgkeep", layout, fetch)} ;; *) false ;; esac", RecoverySettings.OwnWalCommand("/pgkeep", layout, fetch, hasArchive: true));
    }
}
