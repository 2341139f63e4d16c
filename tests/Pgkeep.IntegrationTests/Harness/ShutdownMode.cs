namespace Pgkeep.IntegrationTests.Harness;

/// <summary>The modes of pg_ctl stop.</summary>
internal enum ShutdownMode
{
    Smart,
    Fast,
    Immediate,
}
