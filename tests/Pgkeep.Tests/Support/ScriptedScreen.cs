using System.Text;
using Pgkeep.Output;

namespace Pgkeep.Tests.Support;

/// <summary>Gives what is typed piece by piece, and keeps what is shown. An empty piece is a while in which nobody types.</summary>
internal sealed class ScriptedScreen(params IEnumerable<string> typed) : IScreen
{
    private readonly Queue<string> _typed = new(typed);

    public ScreenSize Size { get; set; } = ScreenSize.Usual;

    public List<IReadOnlyList<string>> Shown { get; } = [];

    public bool IsOver { get; private set; }

    /// <summary>At each look for something typed.</summary>
    public Action OnRead { get; init; } = () => { };

    public void Show(IReadOnlyList<string> lines) => Shown.Add(lines);

    public int Read(Span<byte> buffer, TimeSpan atMost)
    {
        OnRead();
        return _typed.TryDequeue(out var piece) ? Encoding.UTF8.GetBytes(piece, buffer) : throw new IOException("nothing more is typed");
    }

    public void Dispose() => IsOver = true;
}
