namespace Pgkeep.Postgres;

/// <summary>
/// The name of a relation's file within its database's directory, as in <c>16384</c>, <c>16384_vm</c>, <c>16384.2</c> or, for a
/// temporary relation of the backend 3, <c>t3_16384</c>. No leading zeros, so that a file has one name only: whatever else lies
/// there is not a relation.
/// </summary>
/// <param name="Segment">0 for the first file of a fork, the only one up to 1 GB.</param>
/// <param name="TemporaryBackend">The backend that the relation belongs to and dies with; null when it is not temporary.</param>
// PostgreSQL src/common/relpath.c, GetRelationPath; src/backend/storage/file/reinit.c, parse_filename_for_nontemp_relation;
// src/backend/storage/file/fd.c, looks_like_temp_rel_name
internal readonly record struct RelationFileName(uint RelationNumber, RelationFork Fork, uint Segment, uint? TemporaryBackend)
{
    public bool IsTemporary => TemporaryBackend is not null;

    public static bool TryParse(ReadOnlySpan<char> name, out RelationFileName value)
    {
        value = default;
        uint? backend = null;
        if (name is ['t', .. var afterMark] && !TryTakeBackend(afterMark, out name, out backend))
        {
            return false;
        }

        var segment = 0u;
        var dot = name.IndexOf('.');
        if (dot >= 0 && !Digits.TryParsePositive(name[(dot + 1)..], out segment))
        {
            return false;
        }

        name = dot < 0 ? name : name[..dot];
        var underscore = name.IndexOf('_');
        var fork = RelationFork.Main;
        if (underscore >= 0 && !TryParseFork(name[(underscore + 1)..], out fork))
        {
            return false;
        }

        if (!Digits.TryParsePositive(underscore < 0 ? name : name[..underscore], out var number))
        {
            return false;
        }

        value = new RelationFileName(number, fork, segment, backend);
        return true;
    }

    public override string ToString()
    {
        var mark = TemporaryBackend is { } backend ? $"t{backend}_" : "";
        var fork = Fork switch
        {
            RelationFork.FreeSpaceMap => "_fsm",
            RelationFork.VisibilityMap => "_vm",
            RelationFork.Init => "_init",
            _ => "",
        };
        return Segment == 0 ? $"{mark}{RelationNumber}{fork}" : $"{mark}{RelationNumber}{fork}.{Segment}";
    }

    private static bool TryTakeBackend(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest, out uint? backend)
    {
        var underscore = text.IndexOf('_');
        backend = underscore > 0
            && Digits.TryParseDecimal(text[..underscore], out uint number)
            && (text[0] != '0' || underscore == 1)
                ? number
                : null;
        rest = text[(underscore + 1)..];
        return backend is not null;
    }

    private static bool TryParseFork(ReadOnlySpan<char> name, out RelationFork fork)
    {
        (fork, var known) = name switch
        {
            "fsm" => (RelationFork.FreeSpaceMap, true),
            "vm" => (RelationFork.VisibilityMap, true),
            "init" => (RelationFork.Init, true),
            _ => (RelationFork.Main, false),
        };
        return known;
    }
}
