namespace Pgkeep.Archive.Receive;

/// <summary>Something that happened while WAL was being received.</summary>
/// <param name="Name">For programs: slot, history, started, synchronous, segment, outage, connected, timeline, warning, stopped.</param>
/// <param name="Text">For people, one line.</param>
internal sealed record ReceiverEvent(string Name, string Text)
{
    /// <summary>Whether it happens all the time: such an event is in the log, and nobody is told.</summary>
    public bool IsRoutine { get; init; }
}
