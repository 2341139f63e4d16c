using Pgkeep.Postgres;
using Xunit;

namespace Pgkeep.Tests.Postgres;

public sealed class PostgresVersionTests
{
    [Fact]
    public void Every_major_from_13_to_18_has_one_row() =>
        Assert.Equal([13, 14, 15, 16, 17, 18], PostgresVersion.All.Select(row => row.Major));

    [Theory]
    [InlineData(13, 1300u, 202007201u, 0xD106)]
    [InlineData(14, 1300u, 202107181u, 0xD10D)]
    [InlineData(15, 1300u, 202209061u, 0xD110)]
    [InlineData(16, 1300u, 202307071u, 0xD113)]
    [InlineData(17, 1700u, 202406281u, 0xD116)]
    [InlineData(18, 1800u, 202506291u, 0xD118)]
    public void Each_of_its_files_leads_to_the_major(int major, uint controlFileVersion, uint catalogVersion, int walMagic)
    {
        Assert.True(PostgresVersion.TryGet(major, out var byMajor));
        Assert.True(PostgresVersion.TryGetByControlFile(controlFileVersion, catalogVersion, out var byControlFile));
        Assert.True(PostgresVersion.TryGetByWalMagic((ushort)walMagic, out var byWalMagic));

        Assert.Equal(major, byMajor!.Major);
        Assert.Same(byMajor, byControlFile);
        Assert.Same(byMajor, byWalMagic);
    }

    /// <summary>As pg_attribute of each major's servers has it: the lengths and alignments of the columns before.</summary>
    [Theory]
    [InlineData(13, 115, 208, 224)]
    [InlineData(14, 115, 208, 224)]
    [InlineData(15, 115, 80, 92)]
    [InlineData(16, 115, 80, 92)]
    [InlineData(17, 115, 80, 92)]
    [InlineData(18, 119, 80, 92)]
    public void Columns_of_catalogues_lie_where_the_major_has_them(int major, int kind, int connectionLimit, int tablespace)
    {
        var row = Row(major);

        Assert.Equal((kind, connectionLimit, tablespace), (row.RelationKindOffset, row.DatabaseConnectionLimitOffset, row.DatabaseTablespaceOffset));
    }

    [Theory]
    [InlineData(13, "pg_start_backup($1, $2, false)", "pg_stop_backup(false, $1)")]
    [InlineData(14, "pg_start_backup($1, $2, false)", "pg_stop_backup(false, $1)")]
    [InlineData(15, "pg_backup_start($1, $2)", "pg_backup_stop($1)")]
    [InlineData(16, "pg_backup_start($1, $2)", "pg_backup_stop($1)")]
    [InlineData(17, "pg_backup_start($1, $2)", "pg_backup_stop($1)")]
    [InlineData(18, "pg_backup_start($1, $2)", "pg_backup_stop($1)")]
    public void A_backup_is_begun_and_ended_by_the_majors_own_calls(int major, string start, string stop)
    {
        var row = Row(major);

        Assert.Equal(start, row.BackupStartCall);
        Assert.Equal(stop, row.BackupStopCall);
        Assert.StartsWith(row.BackupStartFunction, start, StringComparison.Ordinal);
        Assert.StartsWith(row.BackupStopFunction, stop, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, 1, false, false, false, false)]
    [InlineData(14, 1, true, false, false, false)]
    [InlineData(15, 1, true, true, false, false)]
    [InlineData(16, 1, true, true, true, false)]
    [InlineData(17, 2, true, true, true, true)]
    [InlineData(18, 2, true, true, true, true)]
    public void Each_row_states_what_the_major_brought(
        int major, int manifestVersion, bool escapesBackslash, bool archiveLibrary, bool excludesCommand, bool summaries)
    {
        var row = Row(major);

        Assert.Equal(manifestVersion, row.ManifestVersion);
        Assert.Equal(escapesBackslash, row.TablespaceMapEscapesBackslash);
        Assert.Equal(archiveLibrary, row.HasArchiveLibrary);
        Assert.Equal(excludesCommand, row.ArchiveLibraryExcludesCommand);
        Assert.Equal(summaries, row.HasWalSummaries);
    }

    [Fact]
    public void Unknown_versions_are_not_guessed()
    {
        Assert.False(PostgresVersion.TryGet(12, out _));
        Assert.False(PostgresVersion.TryGet(19, out _));
        Assert.False(PostgresVersion.TryGetByControlFile(1300, 202506291, out _));
        Assert.False(PostgresVersion.TryGetByWalMagic(0xD121, out var version));
        Assert.Null(version);
    }

    private static PostgresVersion Row(int major) => PostgresVersion.All.Single(row => row.Major == major);
}
