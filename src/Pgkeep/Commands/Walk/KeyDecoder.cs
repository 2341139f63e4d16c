namespace Pgkeep.Commands.Walk;

/// <summary>From the bytes that a terminal sends to keys. Sequences are those of ECMA-48 and xterm: ESC [ numbers letter, ESC O letter.</summary>
internal static class KeyDecoder
{
    private const byte Escape = 0x1b;
    private const byte ControlC = 3;

    /// <summary>More than any sequence has; what is longer is none.</summary>
    public const int LongestSequence = 32;

    /// <param name="isAll">Nothing has followed for a while: an Escape at the end is the key of that name and begins no sequence.</param>
    /// <param name="length">Bytes that the key takes; 0 where more must be read first.</param>
    public static WalkKey Decode(ReadOnlySpan<byte> typed, bool isAll, out int length)
    {
        length = Math.Min(1, typed.Length);
        return typed switch
        {
            [Escape] when isAll => WalkKey.Leave,
            [Escape, Escape, ..] => WalkKey.Leave,
            [Escape, ..] => DecodeSequence(typed, isAll, out length),
            [ControlC, ..] => WalkKey.Interrupt,
            [(byte)'k', ..] => WalkKey.Up,
            [(byte)'j', ..] => WalkKey.Down,
            [(byte)'g', ..] => WalkKey.Home,
            [(byte)'G', ..] => WalkKey.End,
            [(byte)'\t', ..] => WalkKey.Switch,
            [(byte)'\r' or (byte)'\n', ..] => WalkKey.Choose,
            [(byte)'q', ..] => WalkKey.Leave,
            _ => WalkKey.None,
        };
    }

    private static WalkKey DecodeSequence(ReadOnlySpan<byte> typed, bool isAll, out int length)
    {
        length = LengthOf(typed);
        if (length == 0 && (isAll || typed.Length >= LongestSequence))
        {
            // Broken off: it means nothing, and neither does any part of it.
            length = typed.Length;
            return WalkKey.None;
        }

        return length < 3 ? WalkKey.None : typed[..length] switch
        {
            [_, (byte)'[', (byte)'1' or (byte)'7', (byte)'~'] => WalkKey.Home,
            [_, (byte)'[', (byte)'4' or (byte)'8', (byte)'~'] => WalkKey.End,
            [_, (byte)'[', (byte)'5', (byte)'~'] => WalkKey.PageUp,
            [_, (byte)'[', (byte)'6', (byte)'~'] => WalkKey.PageDown,
            [.., (byte)'~'] => WalkKey.None,
            // Shift, Alt and Ctrl stand in the numbers before the letter, and change nothing here.
            [.., (byte)'A'] => WalkKey.Up,
            [.., (byte)'B'] => WalkKey.Down,
            [.., (byte)'H'] => WalkKey.Home,
            [.., (byte)'F'] => WalkKey.End,
            _ => WalkKey.None,
        };
    }

    /// <summary>0 where its end is not there yet. Alt and a key are an Escape and that key.</summary>
    private static int LengthOf(ReadOnlySpan<byte> typed)
    {
        if (typed.Length < 2)
        {
            return 0;
        }

        if (typed[1] == (byte)'O')
        {
            return typed.Length < 3 ? 0 : 3;
        }

        // ECMA-48, 5.4: parameters and intermediates are 0x20 to 0x3f, the byte that ends the sequence 0x40 to 0x7e.
        var end = typed[1] == (byte)'[' ? typed[2..].IndexOfAnyExceptInRange((byte)0x20, (byte)0x3f) : -1;
        return typed[1] != (byte)'[' ? 2 : end < 0 ? 0 : end + 3;
    }
}
