using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

/// <summary>What this host's C library says of itself.</summary>
internal static class HostLibrary
{
    /// <summary>As PostgreSQL records it for libc's collations (src/backend/utils/adt/pg_locale.c); null where it is not glibc.</summary>
    public static unsafe string? LibcVersion =>
        NativeLibrary.TryLoad("libc.so.6", out var library) && NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out var function)
            ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)function)())
            : null;
}
