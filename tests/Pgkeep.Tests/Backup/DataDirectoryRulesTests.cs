using Pgkeep.Backup;
using Xunit;

namespace Pgkeep.Tests.Backup;

public sealed class DataDirectoryRulesTests
{
    [Theory]
    [InlineData("postmaster.pid")]
    [InlineData("backup_label.old")]
    [InlineData("standby.signal")]
    [InlineData("global/pg_internal.init")]
    [InlineData("base/5/pg_internal.init.4711")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/pg_internal.init")]
    [InlineData("base/pgsql_tmp")]
    [InlineData("base/pgsql_tmp4711.0")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/pgsql_tmp")]
    [InlineData("lost+found")]
    [InlineData(".pgkeep-old-20250108T143512")]
    [InlineData(".pgkeep-old-20250108T143512/base/5/1259")]
    [InlineData(".pgkeep-undone-20250108T143512.journal")]
    [InlineData("base/.pgkeep-old-20250108T143512")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/.pgkeep-old-20250108T143512/5/1259")]
    public void What_the_server_makes_anew_is_left_out(string path)
    {
        Assert.True(DataDirectoryRules.IsLeftOut(path));
    }

    [Theory]
    [InlineData("global/postmaster.pid")]
    [InlineData("pg_logical/backup_label")]
    [InlineData("pg_internal.init")]
    [InlineData("pg_stat/pg_internal.init")]
    [InlineData("base/five/pg_internal.init")]
    [InlineData("pgsql_tmp")]
    [InlineData("base/5/pgsql_tmp")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/pgsql_tmp")]
    [InlineData("postmaster.pid.old")]
    [InlineData(".pgkeep")]
    [InlineData("base/5/.pgkeep-old-20250108T143512")]
    [InlineData("pg_tblspc/16400/PG_15_202209061/5/lost+found")]
    [InlineData("postgresql.auto.conf")]
    public void The_same_name_elsewhere_is_a_user_s_file(string path)
    {
        Assert.False(DataDirectoryRules.IsLeftOut(path));
    }

    [Theory]
    [InlineData("pg_wal", true)]
    [InlineData("pg_replslot", true)]
    [InlineData("pg_stat_tmp", true)]
    [InlineData("pg_stat", false)]
    [InlineData("pg_logical", false)]
    [InlineData("extra/pg_wal", false)]
    public void A_directory_is_emptied_by_its_path(string path, bool isEmptied)
    {
        Assert.Equal(isEmptied, DataDirectoryRules.IsEmptied(path));
    }
}
