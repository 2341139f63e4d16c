using System.Globalization;
using System.Text;
using System.Text.Json;
using Pgkeep.Diagnostics;
using Pgkeep.Posix;
using Pgkeep.Postgres;
using Pgkeep.Streams;

namespace Pgkeep.Repository;

/// <summary>
/// Reads <c>catalog.json.gz</c> line by line, so that it does not matter how many relations there are. Unknown fields and lists are passed over.
/// </summary>
internal sealed class CatalogReader
{
    /// <summary>More than the longest text in it.</summary>
    private const int BufferLength = 64 * 1024;

    private const int CurrentFormatVersion = 1;

    // Utf8JsonReader counts the object itself as 1: its fields, the objects of its lists, and their fields.
    private const int FieldDepth = 1;
    private const int EntryDepth = 2;
    private const int EntryFieldDepth = 3;

    private readonly CatalogEntryVisitor _visit;
    private readonly EntryFields _fields = new();
    private CatalogList? _list;
    private string _field = "";

    private CatalogReader(CatalogEntryVisitor visit) => _visit = visit;

    /// <summary>Whether the databases are told, without which names lead to no files.</summary>
    public bool HasDatabases { get; private set; }

    /// <summary>The file's checksum is compared first.</summary>
    /// <exception cref="PgkeepException">The file is missing, damaged, or of a newer format.</exception>
    public static CatalogReader Read(StoredBackup backup, CatalogEntryVisitor visit, CancellationToken cancellationToken)
    {
        var path = Path.Combine(backup.Directory, RepositoryLayout.CatalogName);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.SequentialScan);
            if (backup.Checksums?.Files.FirstOrDefault(stored => stored.Name == RepositoryLayout.CatalogName) is not { } checksum || checksum.Digest != Sha256Digest.Of(file))
            {
                throw Damaged(path, "its checksum is not what was stored");
            }

            file.Position = 0;
            using var plain = new GzipMemberStream(file);
            var reader = new CatalogReader(visit);
            JsonTokens.Read(plain, BufferLength, (in Utf8JsonReader token) => reader.Take(token, path), cancellationToken);
            return reader;
        }
        catch (FileNotFoundException)
        {
            throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{path}\" is missing");
        }
        catch (Exception damaged) when (damaged is InvalidDataException or JsonException or FormatException)
        {
            throw Damaged(path, damaged is InvalidDataException ? damaged.Message : "it is not the JSON that it should be");
        }
        catch (Exception thrown) when (PosixError.IsInputOutput(thrown))
        {
            throw PosixError.From(thrown, "read", path);
        }
    }

    private static PgkeepException Damaged(string path, string problem) =>
        new(ErrorKind.BackupDamaged, $"\"{path}\" is damaged: {problem}", "pgkeep verify names every damaged file of a backup");

    private void Take(in Utf8JsonReader json, string path)
    {
        switch (json.TokenType, json.CurrentDepth)
        {
            case (JsonTokenType.PropertyName, FieldDepth):
                _field = json.GetString() ?? "";
                _list = _field switch
                {
                    "databases" => CatalogList.Databases,
                    "relations" => CatalogList.Relations,
                    "schemas" => CatalogList.Schemas,
                    _ => null,
                };
                HasDatabases |= _list == CatalogList.Databases;
                break;
            case (JsonTokenType.Number, FieldDepth) when _field == "format_version" && json.GetInt64() > CurrentFormatVersion:
                throw new PgkeepException(ErrorKind.BackupDamaged, $"\"{path}\" has a format version that this pgkeep does not know", "use a newer pgkeep");
            case (JsonTokenType.StartObject, EntryDepth):
                _fields.Clear();
                break;
            case (JsonTokenType.PropertyName, EntryFieldDepth):
                _fields.Choose(json);
                break;
            case (JsonTokenType.String or JsonTokenType.Number, EntryFieldDepth):
                _fields.Take(json);
                break;
            case (JsonTokenType.EndObject, EntryDepth) when _list is { } list:
                _visit(_fields.ToEntry(list));
                break;
        }
    }

    /// <summary>The fields of one entry, its texts in one place.</summary>
    private sealed class EntryFields
    {
        private static readonly byte[][] Texts = [.. new[] { "database", "schema", "relation", "kind", "ctid" }.Select(Encoding.UTF8.GetBytes)];
        private static readonly byte[][] Numbers = [.. new[] { "oid", "file_node", "schema_oid", "tablespace" }.Select(Encoding.UTF8.GetBytes)];

        private readonly (int Offset, int Length)[] _texts = new (int, int)[Texts.Length];
        private readonly uint[] _numbers = new uint[Numbers.Length];
        private byte[] _bytes = new byte[1024];
        private int _used;
        private int _text = -1;
        private int _number = -1;

        public void Clear()
        {
            Array.Clear(_texts);
            Array.Clear(_numbers);
            _used = 0;
        }

        public void Choose(in Utf8JsonReader name) => (_text, _number) = (IndexOf(Texts, name), IndexOf(Numbers, name));

        public void Take(in Utf8JsonReader value)
        {
            if (_number >= 0)
            {
                _numbers[_number] = value.GetUInt32();
            }
            else if (_text >= 0)
            {
                var longest = value.HasValueSequence ? checked((int)value.ValueSequence.Length) : value.ValueSpan.Length;
                if (_used + longest > _bytes.Length)
                {
                    Array.Resize(ref _bytes, 2 * (_used + longest));
                }

                var length = value.CopyString(_bytes.AsSpan(_used));
                _texts[_text] = (_used, length);
                _used += length;
            }
        }

        public CatalogEntry ToEntry(CatalogList list)
        {
            var place = default(TupleId);
            if (Text(4) is { Length: > 0 } ctid && !TupleId.TryParse(Encoding.UTF8.GetString(ctid), out place))
            {
                throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"a ctid of {ctid.Length} bytes"));
            }

            return new CatalogEntry
            {
                List = list,
                Database = Text(0),
                Schema = Text(1),
                Relation = Text(2),
                Kind = Text(3) is [var kind, ..] ? (char)kind : default,
                Oid = new Oid(_numbers[0]),
                FileNode = new Oid(_numbers[1]),
                SchemaOid = new Oid(_numbers[2]),
                Tablespace = new Oid(_numbers[3]),
                Place = place,
            };
        }

        private static int IndexOf(byte[][] names, in Utf8JsonReader name)
        {
            for (var i = 0; i < names.Length; i++)
            {
                if (name.ValueTextEquals(names[i]))
                {
                    return i;
                }
            }

            return -1;
        }

        private ReadOnlySpan<byte> Text(int index) => _bytes.AsSpan(_texts[index].Offset, _texts[index].Length);
    }
}
