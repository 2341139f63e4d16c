using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Pgkeep.Posix;

/// <summary>
/// Starts a program that outlives this one and shares nothing with it: a session of its own, nothing open but /dev/null in place of the three
/// standard streams (and a lock in place of the first, where it is given one), every signal as the system has it. Whoever this process's parent's parents are, process 1 or a subreaper takes the child over.
/// </summary>
internal static unsafe class DetachedProgram
{
    /// <summary>posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t have 80, 336 and 128 bytes in glibc, and less in musl.</summary>
    private const int OpaqueLength = 1024;

    private const int FirstPrivate = 3;

    /// <summary>Returns as soon as the program runs, and does not wait for it.</summary>
    /// <param name="program">A whole path.</param>
    /// <param name="held">A lock that the program holds too, from its start to its end.</param>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    public static void Start(string program, IEnumerable<string> arguments, FileLock? held = null)
    {
        KeepFilesPrivate();
        var actions = (void*)NativeMemory.AllocZeroed(OpaqueLength);
        var attributes = (void*)NativeMemory.AllocZeroed(OpaqueLength);
        var signals = (void*)NativeMemory.AllocZeroed(OpaqueLength);
        try
        {
            Check(Libc.InitializeSpawnFileActions(actions));
            Check(Libc.InitializeSpawnAttributes(attributes));
            for (var standard = 0; standard < FirstPrivate; standard++)
            {
                Check(Libc.AddSpawnOpen(actions, standard, "/dev/null", Libc.O_RDWR, 0));
            }

            if (held is not null)
            {
                Check(Libc.AddSpawnDuplicate(actions, (int)held.Handle.DangerousGetHandle(), 0));
            }

            Check(Libc.SetSpawnFlags(attributes, Libc.POSIX_SPAWN_SETSID | Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK));
            Check(Libc.SetSpawnSignalMask(attributes, signals));
            _ = Libc.FillSignalSet(signals);
            Check(Libc.SetSpawnDefaultSignals(attributes, signals));
            using var words = new Strings([program, .. arguments]);
            using var environment = new Strings(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => $"{variable.Key}={variable.Value}"));
            int pid;
            Check(Libc.Spawn(&pid, program, actions, attributes, words.Pointers, environment.Pointers));
        }
        finally
        {
            _ = Libc.DestroySpawnFileActions(actions);
            _ = Libc.DestroySpawnAttributes(attributes);
            NativeMemory.Free(actions);
            NativeMemory.Free(attributes);
            NativeMemory.Free(signals);
        }
    }

    /// <summary>What a server left open for its children is for this process only, and not for those that it starts.</summary>
    private static void KeepFilesPrivate()
    {
        // Linux 5.11, the same number on every architecture (asm-generic/unistd.h); older kernels answer ENOSYS or EINVAL.
        if (Libc.SystemCall(Libc.CLOSE_RANGE, FirstPrivate, int.MaxValue, Libc.CLOSE_RANGE_CLOEXEC) == 0)
        {
            return;
        }

        foreach (var path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var descriptor) && descriptor >= FirstPrivate)
            {
                // The one that lists the directory is gone by then.
                _ = Libc.FControl(descriptor, Libc.F_SETFD, Libc.FD_CLOEXEC);
            }
        }
    }

    private static void Check(int errno)
    {
        if (errno != 0)
        {
            throw new Win32Exception(errno);
        }
    }

    /// <summary>A null-terminated array of C strings.</summary>
    private sealed class Strings : IDisposable
    {
        private readonly int _count;

        public Strings(IEnumerable<string> texts)
        {
            string[] all = [.. texts];
            _count = all.Length;
            Pointers = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                Pointers[i] = (byte*)Marshal.StringToCoTaskMemUTF8(all[i]);
            }
        }

        public byte** Pointers { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
            {
                Marshal.FreeCoTaskMem((nint)Pointers[i]);
            }

            NativeMemory.Free(Pointers);
        }
    }
}
