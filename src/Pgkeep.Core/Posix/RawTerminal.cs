using System.Runtime.InteropServices;
using Pgkeep.Diagnostics;

namespace Pgkeep.Posix;

/// <summary>
/// The terminal on stdin, which gives each key as it is pressed and shows none, until this is disposed: whoever makes one does so in every case, or the caller's shell is left
/// with such a terminal. Ctrl-C is a byte meanwhile, and no signal. Only one thread uses it.
/// </summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private readonly Libc.TerminalModes _before;
    private bool _isOver;

    public RawTerminal()
    {
        Libc.TerminalModes modes;
        if (Libc.GetTerminal(Terminal.StandardInput, &modes) != 0)
        {
            throw Failed("ask the terminal for its modes");
        }

        _before = modes;
        Libc.MakeRaw(&modes);
        if (Libc.SetTerminal(Terminal.StandardInput, Libc.TCSANOW, &modes) != 0)
        {
            throw Failed("set the modes of the terminal");
        }
    }

    /// <summary>What was typed; 0 where nothing was in that time.</summary>
    /// <exception cref="PgkeepException">The terminal is gone.</exception>
    public int Read(Span<byte> buffer, TimeSpan atMost)
    {
        var entry = new Libc.PollEntry { Descriptor = Terminal.StandardInput, Asked = Libc.POLLIN };
        var ready = Libc.Poll(&entry, 1, (int)atMost.TotalMilliseconds);
        if (ready <= 0)
        {
            return ready == 0 || IsTemporary(Marshal.GetLastPInvokeError()) ? 0 : throw Failed("wait for the terminal");
        }

        fixed (byte* start = buffer)
        {
            var count = Libc.Read(Terminal.StandardInput, start, (nuint)buffer.Length);
            return count > 0 ? (int)count
                : count < 0 && IsTemporary(Marshal.GetLastPInvokeError()) ? 0
                : throw new PgkeepException(ErrorKind.Interrupted, "interrupted: the terminal is gone");
        }
    }

    /// <summary>To stdout, all of it.</summary>
    public static void Write(ReadOnlySpan<byte> text)
    {
        while (text.Length > 0)
        {
            fixed (byte* start = text)
            {
                var count = Libc.Write(Terminal.StandardOutput, start, (nuint)text.Length);
                if (count < 0 && !IsTemporary(Marshal.GetLastPInvokeError()))
                {
                    throw Failed("write to the terminal");
                }

                text = text[(int)Math.Max(count, 0)..];
            }
        }
    }

    /// <summary>Leaves the terminal as it was found. That it is gone is no failure then.</summary>
    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            var modes = _before;
            _ = Libc.SetTerminal(Terminal.StandardInput, Libc.TCSANOW, &modes);
        }
    }

    private static bool IsTemporary(int errno) => errno is Libc.EINTR or Libc.EAGAIN;

    private static PgkeepException Failed(string action) =>
        new(ErrorKind.Interrupted, $"interrupted: cannot {action}: {Marshal.GetLastPInvokeErrorMessage()}");
}
