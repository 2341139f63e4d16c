using System.Text;
using System.Text.Json;
using Pgkeep.Diagnostics;

namespace Pgkeep.Repository;

/// <summary>
/// What stands in the place of <c>repository.json</c> while the repository goes over from one cluster to the next. It is the marker of no
/// cluster, so nobody stores anything meanwhile, also where the rotation was broken off; and it holds all that is needed to finish it.
/// </summary>
/// <param name="Old">The marker that was there, to the byte.</param>
/// <param name="New">The one that will be there.</param>
internal sealed record RotationMarker(string Old, string New)
{
    public const string Kind = "pgkeep rotation";

    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("kind", Kind);
            json.WriteNumber("format_version", RepositoryIdentity.FormatVersion);
            json.WriteString("old", Old);
            json.WriteString("new", New);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    /// <summary>Null where it is another marker.</summary>
    /// <param name="path">For messages.</param>
    public static RotationMarker? TryRead(ReadOnlyMemory<byte> content, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            return IsOne(root) ? new RotationMarker(root.GetProperty("old").GetString()!, root.GetProperty("new").GetString()!) : null;
        }
        catch (Exception thrown) when (thrown is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PgkeepException(ErrorKind.RepositoryCorrupt, $"\"{path}\" is not a repository's marker", thrown);
        }
    }

    public static bool IsOne(JsonElement root) => root.GetProperty("kind").GetString() == Kind;

    public RepositoryIdentity OldIdentity(string path) => RepositoryIdentity.FromJson(Encoding.UTF8.GetBytes(Old), path);

    public RepositoryIdentity NewIdentity(string path) => RepositoryIdentity.FromJson(Encoding.UTF8.GetBytes(New), path);
}
