using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Pgkeep.Diagnostics;

namespace Pgkeep.Restore.Unpacking.Selected;

/// <summary>
/// The files of a <c>backup_manifest</c>, each found by its name, in 32 bytes a file instead of the name itself: a million take 32 MB. The key is the XXH128 of the name, which
/// no two names share by accident.
/// </summary>
internal sealed class ManifestFiles
{
    private readonly string _manifest;
    private readonly List<Entry> _entries;
    private readonly HashSet<UInt128> _directories;
    private long _left;

    /// <param name="manifest">Its path, for messages.</param>
    /// <param name="entries">In any order; taken over.</param>
    /// <param name="directories">The keys of all directories that hold a file.</param>
    /// <exception cref="PgkeepException">A name comes twice.</exception>
    public ManifestFiles(string manifest, List<Entry> entries, HashSet<UInt128> directories)
    {
        _manifest = manifest;
        _entries = entries;
        _directories = directories;
        _left = entries.Count;
        _entries.Sort((left, right) => left.Key.CompareTo(right.Key));
        for (var i = 1; i < _entries.Count; i++)
        {
            if (_entries[i].Key == _entries[i - 1].Key)
            {
                throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{manifest}\" has a file twice");
            }
        }
    }

    public static UInt128 KeyOf(string name)
    {
        const int usualLength = 512;
        var length = Encoding.UTF8.GetByteCount(name);
        var bytes = length <= usualLength ? stackalloc byte[usualLength] : new byte[length];
        return XxHash128.HashToUInt128(bytes[..Encoding.UTF8.GetBytes(name, bytes)]);
    }

    public bool Contains(string name) => Find(name) >= 0;

    /// <summary>Whether a file lies in this directory, or in one below it.</summary>
    public bool HasDirectory(string name) => _directories.Contains(KeyOf(name));

    /// <returns>Its number; negative where the manifest has no such file.</returns>
    public int Find(string name)
    {
        var key = KeyOf(name);
        var (low, high) = (0, _entries.Count - 1);
        while (low <= high)
        {
            var middle = low + ((high - low) / 2);
            var order = _entries[middle].Key.CompareTo(key);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    public Entry this[int number] => _entries[number];

    /// <summary>Notes that a file is as it should be. For one thread at a time.</summary>
    /// <exception cref="PgkeepException">It was noted before: the archives have it twice.</exception>
    public void Complete(int number, string name)
    {
        ref var entry = ref CollectionsMarshal.AsSpan(_entries)[number];
        if (entry.IsComplete)
        {
            throw RestoredFiles.Doctored($"the backup's archives have {name} twice");
        }

        entry.IsComplete = true;
        _left--;
    }

    /// <exception cref="PgkeepException">The archives did not have all that the manifest has.</exception>
    public void RequireAll()
    {
        if (_left > 0)
        {
            throw new PgkeepException(
                ErrorKind.BackupDamaged, $"\"{_manifest}\" has {_left} files that are in none of the backup's archives", "pgkeep verify --deep names every damaged file of a backup");
        }
    }

    /// <param name="Key">See <see cref="KeyOf"/>.</param>
    /// <param name="Crc">CRC-32C.</param>
    internal record struct Entry(UInt128 Key, long Size, uint Crc, FileOrigin Origin)
    {
        public bool IsComplete { get; set; }
    }
}
