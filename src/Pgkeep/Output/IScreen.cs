namespace Pgkeep.Output;

/// <summary>The whole terminal, until this is disposed: then it is as it was before.</summary>
internal interface IScreen : IDisposable
{
    /// <summary>At this moment: a person can make the window larger or smaller.</summary>
    ScreenSize Size { get; }

    /// <summary>Draws lines from the top; what was there before is gone.</summary>
    /// <param name="lines">Not more than there are rows, and none wider than the columns.</param>
    void Show(IReadOnlyList<string> lines);

    /// <summary>The bytes of what was typed; 0 where nothing was in that time.</summary>
    /// <exception cref="Diagnostics.PgkeepException">The terminal is gone.</exception>
    int Read(Span<byte> buffer, TimeSpan atMost);
}
