using Pgkeep.Diagnostics;
using Pgkeep.Output;

namespace Pgkeep.Commands.Walk;

/// <summary>Lets a person walk through what was found, until one of its moments is chosen. The terminal is as it was before, however that ends.</summary>
internal static class FindWalk
{
    /// <summary>So long takes a change of the window's size, or a signal, until it is seen.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>The bytes of a sequence come together, also through a slow line; behind the key Escape comes nothing.</summary>
    private static readonly TimeSpan EscapeWait = TimeSpan.FromMilliseconds(50);

    /// <returns>The command that was chosen; null where none was.</returns>
    public static string? Run(IOutput output, WalkScreen drawing, WalkState state, CancellationToken cancellationToken)
    {
        using var screen = output.OpenScreen();
        var typed = new byte[KeyDecoder.LongestSequence];
        var (length, isAll) = (0, false);
        (WalkState State, ScreenSize Size)? drawn = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = screen.Size;
            while (length > 0)
            {
                var key = KeyDecoder.Decode(typed.AsSpan(0, length), isAll, out var taken);
                if (taken == 0)
                {
                    break;
                }

                typed.AsSpan(taken, length - taken).CopyTo(typed);
                length -= taken;
                drawn = null;
                switch (key)
                {
                    case WalkKey.Choose when state.Command is { } command:
                        return command.Text;
                    case WalkKey.Leave:
                        return null;
                    case WalkKey.Interrupt:
                        throw new PgkeepException(ErrorKind.Interrupted, "interrupted");
                    default:
                        state = state.Press(key, WalkLayout.Of(size, state.Moments.Count).ListRows);
                        break;
                }
            }

            if (drawn != (state, size))
            {
                screen.Show(drawing.Draw(state, size));
                drawn = (state, size);
            }

            var count = screen.Read(typed.AsSpan(length), length > 0 ? EscapeWait : Tick);
            isAll = count == 0;
            length += count;
        }
    }
}
