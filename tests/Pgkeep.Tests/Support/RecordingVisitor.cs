using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Tests.Support;

/// <summary>Keeps what it is shown.</summary>
internal sealed class RecordingVisitor : IWalRecordVisitor
{
    private readonly WalRecordBody _body = new();

    public List<(Lsn Start, Lsn End, WalRecordHeader Header, byte[] Bytes)> Records { get; } = [];

    public IEnumerable<Lsn> Starts => Records.Select(record => record.Start);

    public List<string> Problems { get; } = [];

    public int StopAfter { get; init; } = int.MaxValue;

    public bool Visit(in WalRecord record)
    {
        Records.Add((record.Start, record.End, record.Header, record.Bytes.ToArray()));
        if (!_body.TryDecode(record, out var problem))
        {
            Problems.Add(problem);
        }

        return Records.Count < StopAfter;
    }
}
