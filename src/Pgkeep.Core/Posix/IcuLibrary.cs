using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Pgkeep.Posix;

/// <summary>What the ICU library says of itself that a program is linked with. It is looked for where this system has its libraries, and nothing of the program is run.</summary>
internal static unsafe partial class IcuLibrary
{
    /// <summary>U_MAX_VERSION_LENGTH.</summary>
    private const int VersionLength = 4;

    /// <summary>In bytes; what is looked for is near the beginning of most programs, which have about ten million.</summary>
    private const int PieceLength = 256 * 1024;

    /// <summary>Bytes; no name is longer.</summary>
    private const int LongestName = 32;

    /// <summary>
    /// The version of the root collation, as PostgreSQL records it (src/backend/utils/adt/pg_locale.c, get_collation_actual_version; ICU's ucol_getVersion and u_versionToString); null where the
    /// program is linked with no ICU, or with one that is not there.
    /// </summary>
    public static string? RootVersionFor(string program)
    {
        if (NameOf(program) is not { } name || !NativeLibrary.TryLoad(name, out var library))
        {
            return null;
        }

        var suffix = name[(name.LastIndexOf('.') + 1)..];
        if (!NativeLibrary.TryGetExport(library, $"ucol_open_{suffix}", out var open)
            || !NativeLibrary.TryGetExport(library, $"ucol_getVersion_{suffix}", out var getVersion)
            || !NativeLibrary.TryGetExport(library, $"ucol_close_{suffix}", out var close))
        {
            return null;
        }

        var error = 0;
        nint collator;
        fixed (byte* root = "und\0"u8)
        {
            collator = ((delegate* unmanaged<byte*, int*, nint>)open)(root, &error);
        }

        if (error > 0 || collator == 0)
        {
            return null;
        }

        Span<byte> version = stackalloc byte[VersionLength];
        fixed (byte* first = version)
        {
            ((delegate* unmanaged<nint, byte*, void>)getVersion)(collator, first);
        }

        ((delegate* unmanaged<nint, void>)close)(collator);
        return Show(version);
    }

    /// <summary>Zeros at the end are left out, but for the second number.</summary>
    public static string Show(ReadOnlySpan<byte> version)
    {
        var length = version.Length;
        while (length > 2 && version[length - 1] == 0)
        {
            length--;
        }

        return string.Join('.', version[..length].ToArray().Select(number => number.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>As it stands among the names in the program's file.</summary>
    private static string? NameOf(string program)
    {
        try
        {
            using var file = File.OpenHandle(program);
            var piece = new byte[PieceLength];
            // The next piece begins before the end of this one, so that no name is cut.
            for (long offset = 0; RandomAccess.Read(file, piece, offset) is var read and > 0; offset += PieceLength - LongestName)
            {
                var content = piece.AsSpan(0, read);
                var at = content.IndexOf("libicui18n.so."u8);
                if (at >= 0 && LibraryName().Match(Encoding.Latin1.GetString(content[at..Math.Min(at + LongestName, read)])) is { Success: true } match)
                {
                    return match.Value;
                }
            }

            return null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }

    [GeneratedRegex(@"^libicui18n\.so\.\d+(?=\0)")]
    private static partial Regex LibraryName();
}
