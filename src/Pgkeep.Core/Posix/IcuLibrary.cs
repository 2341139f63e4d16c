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

    /// <summary>Larger ones are no server.</summary>
    private const long MaxProgramLength = 256 * 1024 * 1024;

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
            if (new FileInfo(program) is not { Length: <= MaxProgramLength })
            {
                return null;
            }

            var content = File.ReadAllBytes(program);
            var at = content.AsSpan().IndexOf("libicui18n.so."u8);
            return at >= 0 && LibraryName().Match(Encoding.Latin1.GetString(content.AsSpan(at, Math.Min(32, content.Length - at)))) is { Success: true } match ? match.Value : null;
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            return null;
        }
    }

    [GeneratedRegex(@"^libicui18n\.so\.\d+(?=\0)")]
    private static partial Regex LibraryName();
}
