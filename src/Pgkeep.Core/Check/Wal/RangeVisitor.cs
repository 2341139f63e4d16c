using Pgkeep.Postgres;
using Pgkeep.Postgres.Wal;

namespace Pgkeep.Check.Wal;

/// <summary>Counts the records of a range and tells the reader when it is over.</summary>
internal sealed class RangeVisitor : IWalRecordVisitor
{
    private readonly WalRecordBody _body = new();
    private readonly ShownRange _range;
    private readonly Lsn _end;
    private bool _hasBegun;

    /// <param name="end">No record that ends behind it counts.</param>
    public RangeVisitor(ShownRange range, Lsn end)
    {
        (_range, _end) = (range, end);
        _hasBegun = range.FromTime is null;
    }

    public WalStatistics Statistics { get; } = new();

    /// <summary>Whether what was asked for is complete.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What is wrong with a record though its checksum fits; null where nothing is.</summary>
    public string? Problem { get; private set; }

    public bool Visit(in WalRecord record)
    {
        if (_range.From is { } from && record.Start < from)
        {
            return true;
        }

        if (record.End > _end)
        {
            IsOver = true;
            return false;
        }

        if (!_body.TryDecode(record, out var problem))
        {
            Problem = $"has a record at {record.Start} that {problem}";
            return false;
        }

        if (!WalMoment.TryGetKind(record.Header, out _) || !WalMoment.TryRead(record, _body, out var moment))
        {
            Statistics.Add(record, _body);
            return true;
        }

        return VisitMoment(record, moment);
    }

    private bool VisitMoment(in WalRecord record, WalMoment moment)
    {
        if (moment.Time > _range.ToTime)
        {
            IsOver = true;
            return false;
        }

        Statistics.Add(record, _body);
        Statistics.Add(moment);
        if (!_hasBegun && moment.Time < _range.FromTime)
        {
            Statistics.Clear();
        }
        else
        {
            _hasBegun = true;
        }

        return true;
    }
}
